package api

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

func (a *API) signingIn() []guard.Route {
	loginRule := a.limited(throttle.SignIns) // what fails is counted by the Flow
	return []guard.Route{
		op("POST /auth/login", "Sign in by e-mail address and password", loginRule, http.StatusOK, a.login),
		op("POST /auth/login/{method}", "Sign in by any method: its first step, or its only one", loginRule, http.StatusOK, a.loginBy),
		op("POST /auth/login/{method}/finish", "Answer what the method asked for", loginRule, http.StatusOK, a.loginFinish),
		op("POST /auth/login/{method}/enroll", "Set up the second factor without which a sign-in cannot end", loginRule, http.StatusOK, a.loginEnroll),
		op("POST /auth/login/{method}/enroll/finish", "Finish setting it up, and sign in", loginRule, http.StatusOK, a.loginEnrolled),
		op("POST /auth/token", "Get an access token for a session cookie, or a narrower one for a narrower use", guard.Rule{}, http.StatusOK, a.token),
		op("POST /auth/logout", "Sign out of this session", public, http.StatusOK, a.logout),
		op("POST /auth/logout-all", "Sign out of every session", guard.Rule{}, http.StatusOK, a.logoutAll),
		op("GET /auth/csrf-token", "Get the token that cookie requests must send", public, http.StatusOK, a.csrfToken),
		op("GET /auth/methods", "What this deployment offers", public, http.StatusOK, a.methods),
		op("GET /auth/captcha", "Get work to do for a sign-in that is asked for a CAPTCHA", public, http.StatusOK, a.work),
	}
}

func (a *API) renewing() []guard.Route {
	return []guard.Route{op("POST /auth/refresh", "Get a new access token", public, http.StatusOK, a.refresh)}
}

// signInBody is the body of a sign-in by password.
type signInBody struct {
	Email      string        `json:"email"`
	Password   string        `json:"password"`
	RememberMe *bool         `json:"rememberMe,omitempty"`
	Mode       identity.Mode `json:"mode,omitempty"`
	ReturnTo   string        `json:"returnTo,omitempty"`
	Captcha    string        `json:"captcha,omitempty"`

	RememberDevice bool `json:"rememberDevice,omitempty"` // ask for no second factor here for a while
}

// stepBody is the body of one step of a sign-in by any method.
type stepBody struct {
	Login      string          `json:"login,omitempty"`
	Email      string          `json:"email,omitempty"`
	Password   string          `json:"password,omitempty"`
	Code       string          `json:"code,omitempty"`
	Credential json.RawMessage `json:"credential,omitempty"`
	RememberMe *bool           `json:"rememberMe,omitempty"`
	Mode       identity.Mode   `json:"mode,omitempty"`
	ReturnTo   string          `json:"returnTo,omitempty"`
	Captcha    string          `json:"captcha,omitempty"`

	RememberDevice bool `json:"rememberDevice,omitempty"` // ask for no second factor here for a while
}

// signedInBody is a success, or what must still be proved.
type signedInBody struct {
	AccessToken  string       `json:"accessToken,omitempty"`
	ExpiresIn    int          `json:"expiresIn,omitempty"` // seconds: of the access token, or of the handle
	TokenType    string       `json:"tokenType,omitempty"`
	RefreshToken string       `json:"refreshToken,omitempty"`
	User         *userBody    `json:"user,omitempty"`
	Session      *sessionEnds `json:"session,omitempty"`

	Permissions []policy.Permission `json:"permissions,omitzero"` // what the roles of the user may do

	MFARequired bool                `json:"mfaRequired,omitempty"`
	Login       string              `json:"login,omitempty"`
	BackupCodes []string            `json:"backupCodes,omitempty"` // to be shown once
	Next        []identity.MethodID `json:"next,omitempty"`
	Prompt      *authn.Prompt       `json:"prompt,omitempty"`
}

type userBody struct {
	ID    identity.UserID `json:"id"`
	Email string          `json:"email"`
	Name  string          `json:"name"`
	Roles []string        `json:"roles"`
}

type sessionEnds struct {
	ID        identity.SessionID `json:"id"`
	ExpiresAt time.Time          `json:"expiresAt"`
}

func (a *API) login(c call, in signInBody) (signedInBody, error) {
	if in.Email == "" {
		return signedInBody{}, identity.ErrInvalid.With("email", "is missing")
	}
	if in.Password == "" {
		return signedInBody{}, identity.ErrInvalid.With("password", "is missing")
	}
	return a.finish(c, authn.Password, stepBody{
		Email: in.Email, Password: in.Password, RememberMe: in.RememberMe, Mode: in.Mode, ReturnTo: in.ReturnTo, Captcha: in.Captcha, RememberDevice: in.RememberDevice,
	})
}

// loginBy begins a method that has something to begin, and finishes the others at once.
func (a *API) loginBy(c call, in stepBody) (signedInBody, error) {
	answer, err := a.answer(c, c.method(), in)
	if err != nil {
		return signedInBody{}, err
	}
	return a.step(c, answer)
}

func (a *API) loginFinish(c call, in stepBody) (signedInBody, error) {
	b, err := a.finish(c, c.method(), in)
	return b, a.nobodys(c, in, err)
}

// step runs the first step of a method, which of some is the only one.
func (a *API) step(c call, answer authn.Answer) (signedInBody, error) {
	m, err := a.Flow.Method(answer.Method)
	if err != nil {
		return signedInBody{}, err
	}
	if _, atOnce := m.(authn.AtOnce); atOnce {
		return a.finished(c, answer)
	}
	out, prompt, err := a.Flow.Begin(c.r.Context(), answer)
	if err != nil {
		return signedInBody{}, err
	}
	return signedInBody{Login: out.Login, ExpiresIn: seconds(out.ExpiresIn), Prompt: &prompt}, nil
}

func (a *API) finish(c call, id identity.MethodID, in stepBody) (signedInBody, error) {
	answer, err := a.answer(c, id, in)
	if err != nil {
		return signedInBody{}, err
	}
	return a.finished(c, answer)
}

func (a *API) finished(c call, answer authn.Answer) (signedInBody, error) {
	out, err := a.Flow.Finish(c.r.Context(), answer)
	if err != nil {
		return signedInBody{}, err
	}
	return a.outcome(c, out, answer.StepUp == nil), nil
}

// outcome shows how far a sign-in has come, and hands over what it ends with; begun is false
// where a session goes on.
func (a *API) outcome(c call, out authn.Outcome, begun bool) signedInBody {
	if out.SignedIn == nil {
		return signedInBody{MFARequired: true, Login: out.Login, Next: out.Next, ExpiresIn: seconds(out.ExpiresIn)}
	}
	a.Site.HandOver(c.w, c.r, out.SignedIn.Cookies(), begun)
	return a.show(out.SignedIn)
}

func (a *API) answer(c call, id identity.MethodID, in stepBody) (authn.Answer, error) {
	old, err := a.holder(c)
	return authn.Answer{
		Method: id, Login: in.Login, Old: old,
		Start: authn.Start{Mode: in.Mode, RememberMe: in.RememberMe, ReturnTo: in.ReturnTo},
		Input: authn.Input{Email: in.Email, Password: in.Password, Code: in.Code, Credential: in.Credential},
		Visit: a.Site.ReadCookie(c.r, web.Visit), Device: a.Site.ReadCookie(c.r, web.Device), Known: a.Site.ReadCookie(c.r, web.Known), Remember: in.RememberDevice,
		Captcha: in.Captcha, Page: c.r.Header.Get("Origin") != "",
	}, err
}

// holder returns whom this browser is signed in as: by what it sent as its credential, or by
// a refresh cookie alone.
func (a *API) holder(c call) (*identity.Principal, error) {
	if p := c.me(); p != nil && p.SessionID != "" && p.Cookie {
		return p, nil
	}
	return a.Flow.Holder(c.r.Context(), a.Site.ReadCookie(c.r, web.Refresh))
}

type refreshBody struct {
	RefreshToken string `json:"refreshToken,omitempty"`
	Active       *bool  `json:"active,omitempty"`
}

func (a *API) refresh(c call, in refreshBody) (signedInBody, error) {
	r := authn.Refresh{Token: in.RefreshToken, Native: in.RefreshToken != "", Active: in.Active == nil || *in.Active}
	if !r.Native {
		r.Token = a.Site.ReadCookie(c.r, web.Refresh)
	}
	signed, err := a.Flow.Refresh(c.r.Context(), r)
	if err != nil {
		return signedInBody{}, err
	}
	a.Site.HandOver(c.w, c.r, signed.Cookies(), false)
	return a.show(signed), nil
}

type tokenBody struct {
	AccessToken string       `json:"accessToken"`
	ExpiresIn   int          `json:"expiresIn"`
	TokenType   string       `json:"tokenType"`
	User        userBody     `json:"user"`
	Session     *sessionEnds `json:"session"`

	Permissions []policy.Permission `json:"permissions,omitzero"` // left out of a token for less than everything
}

// wantBody says what a token is for: one operation, one organization, or both.
type wantBody struct {
	Scope *string            `json:"scope,omitempty"` // separated by spaces; such a token lives five minutes
	Org   *identity.TenantID `json:"org,omitempty"`
}

// want refuses what is there and empty. Threat: a program that lost what it meant to ask for
// would hand on a token without limits instead of a narrow one.
func (b wantBody) want() (w authn.Want, err error) {
	if b.Scope != nil {
		if w.Scope = strings.TrimSpace(*b.Scope); w.Scope == "" {
			return w, identity.ErrInvalid.With("scope", "is empty")
		}
	}
	if b.Org != nil {
		if w.Org = *b.Org; w.Org == "" {
			return w, identity.ErrInvalid.With("org", "is empty")
		}
	}
	return w, legible(w.Org)
}

func (a *API) token(c call, in wantBody) (tokenBody, error) {
	want, err := in.want()
	if err != nil {
		return tokenBody{}, err
	}
	signed, err := a.Flow.Exchange(c.r.Context(), c.me(), want)
	if err != nil {
		return tokenBody{}, err
	}
	b := tokenBody{AccessToken: signed.Access, ExpiresIn: seconds(signed.ExpiresIn), TokenType: "Bearer", User: *showUser(signed.User), Session: showEnds(signed.Session)}
	if in == (wantBody{}) {
		b.Permissions = a.permissions(signed)
	}
	return b, nil
}

type logoutBody struct {
	RefreshToken string `json:"refreshToken,omitempty"` // of a native application
}

// logout ends what it can find and clears what it may have set. It is no error to be signed
// out already.
func (a *API) logout(c call, in logoutBody) (message, error) {
	holders, err := a.holders(c, in)
	if err != nil {
		return message{}, err
	}
	for _, p := range holders {
		if err := a.Flow.SignOut(c.r.Context(), p.UserID, p.SessionID); err != nil && identity.KindOf(err) != identity.NotFound {
			return message{}, err
		}
	}
	a.Site.ClearAll(c.w)
	return message{"Logged out successfully"}, nil
}

// holders are all as whom the caller is signed in. A session cookie counts beside a header
// field too: its browser is told to forget it, so the record must go first.
func (a *API) holders(c call, in logoutBody) (all []*identity.Principal, err error) {
	ctx := c.r.Context()
	if p := c.me(); p != nil {
		all = append(all, p)
	}
	if v, _, err := a.Sessions.Lookup(ctx, a.Site.ReadCookie(c.r, web.Session)); err == nil {
		all = append(all, &identity.Principal{UserID: v.UserID, SessionID: v.ID})
	} else if identity.KindOf(err) != identity.Unauthenticated {
		return nil, err
	}
	for _, refresh := range []string{a.Site.ReadCookie(c.r, web.Refresh), in.RefreshToken} {
		p, err := a.Flow.Holder(ctx, refresh)
		if err != nil {
			return nil, err
		}
		if p != nil {
			all = append(all, p)
		}
	}
	return all, nil
}

type logoutAllBody struct {
	Except string `json:"except,omitempty"` // "current" keeps this session
}

func (a *API) logoutAll(c call, in logoutAllBody) (message, error) {
	p := c.me()
	var except identity.SessionID
	if in.Except == "current" {
		except = p.SessionID
	} else if in.Except != "" {
		return message{}, identity.ErrInvalid.With("except", `must be "current"`)
	}
	if err := a.Flow.SignOutAll(c.r.Context(), p.UserID, except); err != nil {
		return message{}, err
	}
	if except == "" {
		a.Site.ClearAll(c.w) // only now: first the record, then the cookies (SES-26)
	}
	return message{"Logged out successfully"}, nil
}

type csrfBody struct {
	CSRFToken string `json:"csrfToken"`
}

func (a *API) csrfToken(c call, _ none) (csrfBody, error) {
	return csrfBody{a.Forgery.Token(c.w, c.r)}, nil
}

func seconds(d time.Duration) int { return int(math.Round(d.Seconds())) }

// device is what a browser sends of itself with every step of a sign-in.
func (a *API) device(c call) authn.Answer {
	return authn.Answer{
		Visit: a.Site.ReadCookie(c.r, web.Visit), Device: a.Site.ReadCookie(c.r, web.Device), Known: a.Site.ReadCookie(c.r, web.Known), Page: c.r.Header.Get("Origin") != "",
	}
}
