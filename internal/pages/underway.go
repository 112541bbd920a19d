package pages

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// handleLife is how long the browser keeps the handle of a sign-in under way, which ends by
// itself no later. It is a cookie, so that every tab, Back and reload go on with it.
const handleLife = 10 * time.Minute

func (p *Pages) hold(w http.ResponseWriter, handle string) {
	p.Site.SetCookie(w, web.Login, handle, handleLife)
}

// answer is what every step of a sign-in says of its browser.
func (p *Pages) answer(w http.ResponseWriter, r *http.Request) authn.Answer {
	return authn.Answer{
		Login: p.Site.ReadCookie(r, web.Login), Visit: p.Site.VisitOf(w, r), Page: true,
		Old: holder(r), Device: p.Site.ReadCookie(r, web.Device), Known: p.Site.ReadCookie(r, web.Known), Captcha: p.captchaIn(r.PostForm),
	}
}

// begins is answer for a step that begins a sign-in, whatever was under way.
func (p *Pages) begins(w http.ResponseWriter, r *http.Request) authn.Answer {
	a := p.answer(w, r)
	remember := r.PostForm.Get("rememberMe") != ""
	a.Login, a.Start = "", authn.Start{Mode: identity.ModeCookie, RememberMe: &remember, ReturnTo: r.PostForm.Get(returnTo)}
	return a
}

// entered reads what a person may be asked for by any method.
func entered(form url.Values) authn.Input {
	in := authn.Input{
		Email: form.Get("email"), Password: form.Get("password"), Code: form.Get("code"),
		Phone: form.Get("phone"), Label: form.Get("label"),
	}
	if sent := form.Get("credential"); sent != "" {
		in.Credential = []byte(sent)
	}
	return in
}

// proceed leads on from a step of a sign-in: in, to the next proof, or to what must be done
// before. What was not accepted stays an error.
func (p *Pages) proceed(w http.ResponseWriter, r *http.Request, out authn.Outcome, err error, to string) error {
	next, err := p.outcome(w, r, out, err, to)
	switch {
	case errors.Is(err, identity.ErrMustReset):
		v := p.view(w, r, "mustReset", nil)
		return v.render(http.StatusForbidden, "gate/forgot")
	case err != nil:
		return err
	}
	return leave(w, next)
}

// outcome keeps what a step came to in the browser and returns where it leads.
func (p *Pages) outcome(w http.ResponseWriter, r *http.Request, out authn.Outcome, err error, to string) (next string, _ error) {
	chosen := p.chosen(r)
	if handle, _ := authn.LoginOf(err); handle != "" {
		p.hold(w, handle)
		return p.link(with(enrollPath, returnTo, to), chosen), nil
	}
	if err != nil {
		return "", err
	}
	if out.SignedIn == nil {
		p.hold(w, out.Login)
		return p.link(with(mfaPath, returnTo, to), chosen), nil
	}
	p.Site.ClearCookie(w, web.Login)
	// What a sign-in of another mode left is not sent to this path, so it cannot be seen
	// whether there is any.
	p.Site.ClearCookie(w, web.Refresh)
	p.Site.HandOver(w, r, out.SignedIn.Cookies(), true)
	return p.destination(to, chosen), nil
}

// over leads on from a sign-in that has ended: nobody is left before a closed door.
func (p *Pages) over(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	to := p.view(w, r, "login", why).Typed[returnTo]
	p.Site.ClearCookie(w, web.Login)
	if holder(r) != nil {
		return leave(w, p.destination(to, p.chosen(r)))
	}
	done := "over"
	if why != nil && why.Code == identity.ErrCode.Code {
		done = "tries"
	}
	return p.see(w, r, with("/login", "done", done, returnTo, to))
}

// with adds parameters to a path, without those that are empty. Pairs are a name and a
// value, and so on.
func with(path string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
