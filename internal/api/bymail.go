package api

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

func (a *API) byMail() []guard.Route {
	// Each of mailing sends a mail that somebody else may have asked for; each of spending takes
	// a link that nobody can guess. moving mails to whatever address its caller likes.
	mailing, spending := a.limited(throttle.MailAddress), a.limited(throttle.Links)
	moving := guard.Rule{Fresh: freshness, Limit: mailing.Limit}
	return []guard.Route{
		op("POST /auth/magic-link", "Mail a link that signs in", mailing, http.StatusOK, a.magicLink),
		op("POST /auth/verify", "Sign in by the link that was mailed", spending, http.StatusOK, a.followLink),
		op("POST /auth/forgot-password", "Mail a link by which a new password can be chosen", mailing, http.StatusOK, a.forgot),
		op("POST /auth/reset-password", "Choose a new password; everybody is signed out", spending, http.StatusOK, a.reset),
		op("POST /auth/unlock", "Open an account again that others have locked", spending, http.StatusOK, a.unlock),
		op("POST /auth/not-me", "Say that what a notice tells of was somebody else", spending, http.StatusOK, a.notMe),
		op("POST /auth/email", "Change my address; both addresses must agree", moving, http.StatusOK, a.changeEmail),
		op("POST /auth/email/verify", "Agree to a change of address", spending, http.StatusOK, a.agree),
		op("POST /auth/recover", "Set everything anew after all factors were lost", spending, http.StatusOK, a.recover),
		op("POST /auth/recover/stop", "Stop a recovery", spending, http.StatusOK, a.stopRecovery),
	}
}

type magicLinkBody struct {
	Email      string        `json:"email"`
	ReturnTo   string        `json:"returnTo,omitempty"`
	Mode       identity.Mode `json:"mode,omitempty"`
	RememberMe *bool         `json:"rememberMe,omitempty"`
}

// magicLink answers a known and an unknown address alike. The cookie that lets the link go on
// by itself in this browser is set for both.
func (a *API) magicLink(c call, in magicLinkBody) (message, error) {
	answer, err := a.answer(c, "magic-link", stepBody{Email: in.Email, ReturnTo: in.ReturnTo, Mode: in.Mode, RememberMe: in.RememberMe})
	if err != nil {
		return message{}, err
	}
	answer.Visit = a.Site.VisitOf(c.w, c.r)
	_, _, err = a.Flow.Begin(c.r.Context(), answer)
	return message{"If that account exists, we have sent a link."}, err
}

type linkBody struct {
	Token string `json:"token"`
}

func (a *API) followLink(c call, in linkBody) (signedInBody, error) {
	answer, err := a.answer(c, "", stepBody{})
	if err != nil {
		return signedInBody{}, err
	}
	answer.AnyBrowser = true
	out, err := a.Flow.FinishLink(c.r.Context(), in.Token, answer)
	if err != nil {
		return signedInBody{}, err
	}
	return a.outcome(c, out, true), nil
}

func (a *API) forgot(c call, in resendBody) (message, error) {
	err := a.Restorer.Forgot(c.r.Context(), in.Email)
	return message{"If that account exists, we have sent instructions."}, err
}

type resetBody struct {
	Token    string `json:"token"`
	Password string `json:"password"`
}

func (a *API) reset(c call, in resetBody) (message, error) {
	err := a.Restorer.Reset(c.r.Context(), in.Token, in.Password)
	return message{"Your password was changed. Please sign in."}, err
}

func (a *API) unlock(c call, in linkBody) (state, error) {
	return state{"unlocked"}, a.Flow.Unlock(c.r.Context(), in.Token)
}

func (a *API) notMe(c call, in linkBody) (message, error) {
	err := a.Restorer.Disown(c.r.Context(), in.Token)
	return message{"Everybody is signed out. We have mailed a link to choose a new password."}, err
}

// changeEmail answers a free and a taken address alike.
func (a *API) changeEmail(c call, in resendBody) (message, error) {
	err := a.Restorer.AskEmail(c.r.Context(), c.me(), in.Email)
	return message{"We have sent a link to both addresses."}, err
}

func (a *API) agree(c call, in linkBody) (state, error) {
	changed, err := a.Restorer.ConfirmEmail(c.r.Context(), in.Token)
	if err != nil {
		return state{}, err
	}
	if changed {
		return state{"changed"}, nil
	}
	return state{"waiting"}, nil
}

func (a *API) recover(c call, in resetBody) (message, error) {
	err := a.Restorer.Recover(c.r.Context(), in.Token, in.Password)
	return message{"Everything was set anew. Please sign in."}, err
}

func (a *API) stopRecovery(c call, in linkBody) (state, error) {
	return state{"stopped"}, a.Restorer.StopRecovery(c.r.Context(), in.Token)
}
