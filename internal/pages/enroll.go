package pages

import (
	"encoding/base64"
	"encoding/json"
	"html/template"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// An enrolling is a page on which a method is set up: in the account, or before somebody is in
// who must.
type enrolling struct {
	Path    string              // where its forms are sent
	Method  identity.MethodID   // "": it is to be chosen
	Choices []identity.MethodID // empty in the account
	Name    string
	Phone   bool         // it begins with a number: there are words for it, or the method asked for one
	Prompt  authn.Prompt // of the last step
	Sealed  string       // Prompt, for when the last step is tried again; "": it is to be begun

	owner string // whom Sealed is for
}

// Begun reports whether the last step is next.
func (e *enrolling) Begun() bool { return e.Sealed != "" }

// Key is the shared secret for whoever types it, in groups of four.
func (e *enrolling) Key() string {
	var groups []string
	for group := range slices.Chunk([]byte(e.Prompt.Secret.Key), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// URL opens an authenticator application on the same device; any other address is "".
func (e *enrolling) URL() template.URL {
	if !strings.HasPrefix(e.Prompt.Secret.URL, "otpauth://") {
		return ""
	}
	return template.URL(e.Prompt.Secret.URL) //nolint:gosec // the scheme is the one of authenticator applications
}

// Ceremony is what the script is to ask of navigator.credentials.
func (e *enrolling) Ceremony() string { return string(e.Prompt.Ceremony) }

// context binds what a page shows to whom it is for: nobody can be made to scan the secret of
// somebody else.
func (e *enrolling) context() string {
	return "page " + e.Path + " " + string(e.Method) + " " + e.owner
}

// seal goes on to the last step, with what it shows sealed for its own form: the house keeps
// no secret that it could show twice.
func (p *Pages) seal(e *enrolling, prompt authn.Prompt) error {
	text, err := json.Marshal(prompt)
	if err != nil {
		return err
	}
	sealed, err := p.Flow.Seal(text, e.context())
	e.Prompt, e.Sealed = prompt, base64.RawURLEncoding.EncodeToString(sealed)
	return err
}

// unseal comes back to the last step and reports whether it was begun here. What a telephone
// has scanned already must stay what it answers to.
func (p *Pages) unseal(e *enrolling, text string) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(sealed) == 0 {
		return false
	}
	plain, err := p.Flow.Unseal(sealed, e.context())
	if err != nil || json.Unmarshal(plain, &e.Prompt) != nil {
		return false
	}
	e.Sealed = text
	return true
}
