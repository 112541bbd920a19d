package api

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

func (a *API) registering() []guard.Route {
	return []guard.Route{
		op("POST /auth/register", "Create an account", a.limited(throttle.Registrations), http.StatusCreated, a.register),
		op("POST /auth/verify-email", "Prove the address of an account", a.limited(throttle.Links), http.StatusOK, a.verifyEmail),
		op("POST /auth/verify-email/resend", "Mail a new link for a registration that waits", a.limited(throttle.MailAddress), http.StatusOK, a.resend),
	}
}

type registerBody struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Name     string `json:"name,omitempty"`
	Captcha  string `json:"captcha,omitempty"`
}

// register answers a known and an unknown address alike; the cookie that binds the link to
// this browser is set for both.
func (a *API) register(c call, in registerBody) (state, error) {
	n := authn.NewAccount{Email: in.Email, Password: in.Password, Name: in.Name, Visit: a.Site.VisitOf(c.w, c.r)}
	if err := a.Flow.Register(c.r.Context(), n); err != nil {
		return state{}, err
	}
	if a.Flow.Unverified {
		return state{"created"}, nil
	}
	return state{"verification_sent"}, nil
}

type verifyBody struct {
	Token    string `json:"token"`
	Password string `json:"password,omitempty"` // needed from another browser than the one that registered
}

func (a *API) verifyEmail(c call, in verifyBody) (state, error) {
	err := a.Verifier.Verify(c.r.Context(), in.Token, in.Password, a.Site.ReadCookie(c.r, web.Visit))
	return state{"verified"}, err
}

type resendBody struct {
	Email string `json:"email"`
}

func (a *API) resend(c call, in resendBody) (message, error) {
	err := a.Verifier.Resend(c.r.Context(), in.Email, a.Site.ReadCookie(c.r, web.Visit))
	return message{"If a registration is waiting, we have sent a new link."}, err
}

type methodsBody struct {
	Methods      []identity.MethodID `json:"methods"`
	Providers    []string            `json:"providers"`
	Password     passwordRules       `json:"password"`
	Registration bool                `json:"registration"`
	Verification bool                `json:"verification"`
	Captcha      *captchaBody        `json:"captcha"` // null: none is asked for
}

type passwordRules struct {
	MinLength int `json:"minLength"`
	MaxLength int `json:"maxLength"`
}

func (a *API) methods(_ call, _ none) (methodsBody, error) {
	low, high := a.Flow.Passwords.Policy.Lengths()
	b := methodsBody{
		Methods: []identity.MethodID{}, Providers: []string{}, Password: passwordRules{low, high},
		Registration: true, Verification: !a.Flow.Unverified, Captcha: a.captcha(),
	}
	for _, m := range a.Flow.Methods {
		if c, may := m.(authn.Conditional); may && !c.Offered() {
			continue
		}
		b.Methods = append(b.Methods, m.ID())
	}
	return b, nil
}
