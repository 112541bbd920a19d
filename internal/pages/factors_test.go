package pages_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A factor is what the methods of these tests have in common. None is known to the pages by
// name.
type factor struct {
	authn.Method
	id   identity.MethodID
	flow *authn.Flow
}

func (f *factor) ID() identity.MethodID { return f.id }

func (f *factor) Settle(flow *authn.Flow) { f.flow = flow }

func (f *factor) Enrolled(ctx context.Context, user *identity.User) (bool, error) {
	list, err := f.flow.Accounts.Credentials(ctx, user.ID, f.id)
	return len(list) > 0, err
}

// prepared keeps the right answer, which is the same for every prompt.
func prepared(e *authn.Enrollment, answer string) { e.Data = json.RawMessage(`"` + answer + `"`) }

func (f *factor) checked(e *authn.Enrollment, answer, label string) (authn.Enrolled, error) {
	if string(e.Data) != `"`+answer+`"` {
		return authn.Enrolled{}, identity.ErrRejected
	}
	c := identity.Credential{Lookup: fmt.Sprint(f.id, e.User.ID, label), Label: label}
	return authn.Enrolled{Credentials: []identity.Credential{c}}, nil
}

// An app shares a secret, a new one each time.
type app struct {
	factor
	begun int
}

func (a *app) BeginEnroll(_ context.Context, e *authn.Enrollment, _ authn.Input) (authn.Prompt, error) {
	a.begun++
	prepared(e, fmt.Sprint("code", a.begun))
	return authn.Prompt{Fields: []authn.Field{authn.CodeField}, Secret: &authn.Shared{
		Key: fmt.Sprint("ABCDEFGHIJ", a.begun), URL: "otpauth://totp/Acme?secret=ABC", SVG: `<svg viewBox="0 0 2 2"><path d="M0 0h1v1"/></svg>`,
	}}, nil
}

func (a *app) FinishEnroll(_ context.Context, e *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	return a.checked(e, in.Code, "")
}

// A caller calls a number and says a code.
type caller struct{ factor }

func (c *caller) BeginEnroll(_ context.Context, e *authn.Enrollment, in authn.Input) (authn.Prompt, error) {
	if len(in.Phone) < 5 {
		return authn.Prompt{}, identity.ErrInvalid.With("phone", "is not a number")
	}
	if in.Phone == "+44 00" {
		return authn.Prompt{}, identity.ErrRateLimited.In(authn.NotMeLife)
	}
	prepared(e, "123456")
	return authn.CodePrompt("…" + in.Phone[len(in.Phone)-2:]), nil
}

func (c *caller) FinishEnroll(_ context.Context, e *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	return c.checked(e, in.Code, "")
}

func (c *caller) Describe(identity.Credential) map[string]string {
	return map[string]string{"number": "…23", "unheard": "of"}
}

// A key is made by a ceremony, and there can be several.
type key struct{ factor }

func (k *key) BeginEnroll(_ context.Context, e *authn.Enrollment, _ authn.Input) (authn.Prompt, error) {
	prepared(e, "signed")
	return authn.Prompt{Ceremony: json.RawMessage(`{"challenge":"Y2g","user":{"id":"dQ","name":"<ada>"}}`)}, nil
}

func (k *key) FinishEnroll(_ context.Context, e *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	return k.checked(e, string(in.Credential), in.Label)
}

func (k *key) Describe(identity.Credential) map[string]string {
	return map[string]string{"synced": "true"}
}

func (k *key) Accepted(_ context.Context, _ identity.UserID) (json.RawMessage, error) {
	return json.RawMessage(`{"userId":"dQ"}`), nil
}

// A paper has ten codes.
type paper struct {
	factor
	made int
}

func (p *paper) AtOnce() {}

func (p *paper) Issue(_ context.Context, user *identity.User) (e authn.Enrolled, err error) {
	p.made++
	for i := range 10 {
		code := fmt.Sprintf("code-%02d-%02d", p.made, i)
		e.Codes = append(e.Codes, code)
		e.Credentials = append(e.Credentials, identity.Credential{Lookup: string(user.ID) + code})
	}
	e.Replaces = true
	return e, nil
}

func (p *paper) BeginEnroll(context.Context, *authn.Enrollment, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

func (p *paper) FinishEnroll(ctx context.Context, e *authn.Enrollment, _ authn.Input) (authn.Enrolled, error) {
	return p.Issue(ctx, e.User)
}

// factors put the methods of these tests on the roster.
func factors(c *gatehouse.Config) {
	c.Methods = append(c.Methods,
		&app{factor: factor{id: "test-app"}}, &caller{factor{id: "test-call"}}, &key{factor{id: "test-key"}}, &paper{factor: factor{id: "test-paper"}})
}
