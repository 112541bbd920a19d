package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// fresh is the rule of what a thief with somebody's session would do first.
var fresh = guard.Rule{Fresh: freshness}

// The ID in a POST is that of a method: OpenAPI allows one name for one place of a path.
func (a *API) credentials() []guard.Route {
	return []guard.Route{
		op("GET /auth/credentials", "By what I can sign in", guard.Rule{}, http.StatusOK, a.listCredentials),
		op("POST /auth/credentials/{id}", "Set a method up: its first step, or its only one", fresh, http.StatusOK, a.enroll),
		op("POST /auth/credentials/{id}/finish", "Finish setting a method up", guard.Rule{}, http.StatusOK, a.enrolled),
		op("PATCH /auth/credentials/{id}", "Name a credential", guard.Rule{}, http.StatusNoContent, a.renameCredential),
		op("DELETE /auth/credentials/{id}", "Remove a credential", fresh, http.StatusNoContent, a.removeCredential),
	}
}

type credentialBody struct {
	ID         identity.CredentialID `json:"id,omitempty"`
	Method     identity.MethodID     `json:"method"`
	Label      string                `json:"label"`
	CreatedAt  time.Time             `json:"createdAt"`
	LastUsedAt *time.Time            `json:"lastUsedAt"` // null: never, or not known
	Remaining  int                   `json:"remaining,omitempty"`
	Details    map[string]string     `json:"details,omitempty"`
}

func (a *API) listCredentials(c call, _ none) (page[credentialBody], error) {
	return a.credentialsOf(c, "")
}

// credentialsOf shows the caller's credentials of a method, or all if it is "". Backup codes
// are one line with how many are left.
func (a *API) credentialsOf(c call, of identity.MethodID) (page[credentialBody], error) {
	list, err := a.Flow.Credentials(c.r.Context(), c.me().UserID)
	shown, spares := []credentialBody{}, []credentialBody{}
	for _, v := range list {
		switch {
		case of != "" && v.Method != of:
		case a.Flow.IsSpare(v.Method) && len(spares) > 0:
			spares[0].Remaining++
		case a.Flow.IsSpare(v.Method):
			spares = append(spares, credentialBody{Method: v.Method, CreatedAt: v.CreatedAt, Remaining: 1})
		default:
			shown = append(shown, a.showCredential(v))
		}
	}
	return page[credentialBody]{Items: append(shown, spares...)}, err
}

func (a *API) showCredential(v identity.Credential) credentialBody {
	b := credentialBody{ID: v.ID, Method: v.Method, Label: v.Label, CreatedAt: v.CreatedAt.UTC(), Details: a.Flow.Describe(v)}
	if !v.UsedAt.IsZero() {
		b.LastUsedAt = &v.UsedAt
	}
	return b
}

// enrollBody is the body of one step of setting a method up.
type enrollBody struct {
	Login      string          `json:"login,omitempty"` // of a sign-in that waits for it
	Label      string          `json:"label,omitempty"`
	Phone      string          `json:"phone,omitempty"`
	Code       string          `json:"code,omitempty"`
	Credential json.RawMessage `json:"credential,omitempty"`
}

func (in enrollBody) input() authn.Input {
	return authn.Input{Label: in.Label, Phone: in.Phone, Code: in.Code, Credential: in.Credential}
}

// enrolledBody is what there is to do next, or what came of it.
type enrolledBody struct {
	Prompt      *authn.Prompt    `json:"prompt,omitempty"`
	Credentials []credentialBody `json:"credentials,omitempty"`
	BackupCodes []string         `json:"backupCodes,omitempty"` // to be shown once
}

func (a *API) setup(c call, m identity.MethodID, in enrollBody) authn.EnrollStep {
	return authn.EnrollStep{Method: m, Caller: c.me(), Input: in.input()}
}

func (a *API) enroll(c call, in enrollBody) (enrolledBody, error) {
	if a.Flow.IsSpare(c.method()) {
		codes, err := a.Flow.SpareCodes(c.r.Context(), c.me())
		return enrolledBody{BackupCodes: codes}, err
	}
	prompt, err := a.Flow.BeginEnroll(c.r.Context(), a.setup(c, c.method(), in))
	return enrolledBody{Prompt: &prompt}, err
}

func (a *API) enrolled(c call, in enrollBody) (enrolledBody, error) {
	added, err := a.Flow.FinishEnroll(c.r.Context(), a.setup(c, c.method(), in))
	return a.showAdded(added), err
}

func (a *API) showAdded(added authn.Added) enrolledBody {
	b := enrolledBody{BackupCodes: added.Codes}
	for _, v := range added.Credentials {
		if !a.Flow.IsSpare(v.Method) {
			b.Credentials = append(b.Credentials, a.showCredential(v))
		}
	}
	return b
}

// loginEnroll and loginEnrolled set up what a sign-in under way cannot end without.
func (a *API) loginEnroll(c call, in enrollBody) (signedInBody, error) {
	answer := a.device(c)
	answer.Login = in.Login
	prompt, err := a.Flow.BeginEnroll(c.r.Context(), authn.EnrollStep{Method: c.method(), Answer: answer, Input: in.input()})
	return signedInBody{Login: in.Login, Prompt: &prompt}, err
}

func (a *API) loginEnrolled(c call, in enrollBody) (signedInBody, error) {
	answer := a.device(c)
	answer.Login = in.Login
	old, err := a.holder(c)
	if err != nil {
		return signedInBody{}, err
	}
	answer.Old = old
	added, err := a.Flow.FinishEnroll(c.r.Context(), authn.EnrollStep{Method: c.method(), Answer: answer, Input: in.input()})
	if err != nil {
		return signedInBody{}, err
	}
	b := a.outcome(c, added.Outcome, true)
	b.BackupCodes = added.Codes
	return b, nil
}

type labelBody struct {
	Label string `json:"label,omitempty"`
	Name  string `json:"name,omitempty"` // the same, for whoever calls it so
}

func (a *API) renameCredential(c call, in labelBody) (none, error) {
	return none{}, a.Flow.RenameCredential(c.r.Context(), c.me().UserID, identity.CredentialID(c.id()), cmp.Or(in.Label, in.Name))
}

func (a *API) removeCredential(c call, _ none) (none, error) {
	return none{}, a.Flow.RemoveCredential(c.r.Context(), c.me().UserID, identity.CredentialID(c.id()))
}
