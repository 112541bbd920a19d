package api

import (
	"encoding/json"
	"net/http"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

func (a *API) steppingUp() []guard.Route {
	return []guard.Route{
		op("POST /auth/step-up", "Prove again that it is you: by password, or ask by what else", guard.Rule{}, http.StatusOK, a.stepUp),
		op("POST /auth/step-up/{method}", "Prove again by any method: its first step, or its only one", guard.Rule{}, http.StatusOK, a.stepUpBy),
		op("POST /auth/step-up/{method}/finish", "Answer what the method asked for", guard.Rule{}, http.StatusOK, a.stepUpFinish),
	}
}

// proofBody is the body of one step of a step-up.
type proofBody struct {
	Login      string          `json:"login,omitempty"`
	Password   string          `json:"password,omitempty"`
	Code       string          `json:"code,omitempty"`
	Credential json.RawMessage `json:"credential,omitempty"`
	Captcha    string          `json:"captcha,omitempty"`
}

type stepUpBody struct {
	Password string `json:"password,omitempty"` // left out: the answer names the methods there are
	Captcha  string `json:"captcha,omitempty"`
}

func (a *API) stepUp(c call, in stepUpBody) (signedInBody, error) {
	if in.Password != "" {
		return a.finished(c, a.again(c, authn.Password, proofBody{Password: in.Password, Captcha: in.Captcha}))
	}
	next, err := a.Flow.StepUpMethods(c.r.Context(), c.me())
	return signedInBody{MFARequired: true, Next: next}, err
}

func (a *API) stepUpBy(c call, in proofBody) (signedInBody, error) {
	return a.step(c, a.again(c, c.method(), in))
}

func (a *API) stepUpFinish(c call, in proofBody) (signedInBody, error) {
	return a.finished(c, a.again(c, c.method(), in))
}

func (a *API) again(c call, id identity.MethodID, in proofBody) authn.Answer {
	return authn.Answer{
		Method: id, Login: in.Login, StepUp: c.me(), Input: authn.Input{Password: in.Password, Code: in.Code, Credential: in.Credential},
		Captcha: in.Captcha,
	}
}
