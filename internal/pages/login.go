package pages

import (
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// returnTo is the parameter that says where to go after signing in.
const returnTo = "returnTo"

// login shows the form, or goes on where somebody is signed in already, with as much proof as is
// demanded of them by now: an application that refuses less would send them here again at once.
func (p *Pages) login(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v := p.view(w, r, "login", why)
	if me := identity.FromContext(r.Context()); why == nil && me != nil && p.Flow.Assured(me) {
		return leave(w, p.destination(v.Typed[returnTo], v.chosen))
	}
	if _, ok := p.returnable(v.Typed[returnTo]); !ok {
		v.Typed[returnTo] = ""
	}
	offer, err := p.entry(r, why)
	if err != nil {
		return err
	}
	v.Data = offer
	return v.render(status(why), "gate/login")
}

func (p *Pages) signIn(w http.ResponseWriter, r *http.Request) error {
	form := r.PostForm
	if err := demand(form, "email", "password"); err != nil {
		return err
	}
	a := p.begins(w, r)
	a.Method, a.Input = authn.Password, authn.Input{Email: form.Get("email"), Password: form.Get("password")}
	out, err := p.Flow.Finish(r.Context(), a)
	return p.proceed(w, r, out, err, form.Get(returnTo))
}

// holder returns whom this browser is signed in as until now, nil if nobody.
func holder(r *http.Request) *identity.Principal {
	if me := identity.FromContext(r.Context()); me != nil && me.Cookie && me.SessionID != "" {
		return me
	}
	return nil
}

// demand refuses a form in which an input is empty.
func demand(form url.Values, names ...string) error {
	var problems []error
	for _, name := range names {
		if form.Get(name) == "" {
			problems = append(problems, identity.ErrInvalid.With(name, "is missing"))
		}
	}
	return together(problems...)
}

// leaving asks before it signs out: a link alone must not.
func (p *Pages) leaving(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	me := holder(r)
	if me == nil {
		return p.see(w, r, "/logged-out")
	}
	user, err := p.Accounts.ByID(r.Context(), me.UserID)
	if err != nil {
		return err
	}
	v := p.view(w, r, "logout", why)
	v.Typed["email"] = user.Email
	return v.render(status(why), "gate/logout")
}

// signOut ends the session and clears what it may have set. It is no error to be signed out
// already.
func (p *Pages) signOut(w http.ResponseWriter, r *http.Request) error {
	if me := holder(r); me != nil {
		if err := p.Flow.SignOut(r.Context(), me.UserID, me.SessionID); err != nil && identity.KindOf(err) != identity.NotFound {
			return err
		}
	}
	p.Site.ClearAll(w)
	return p.see(w, r, "/logged-out")
}

func (p *Pages) left(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	if holder(r) != nil {
		return p.see(w, r, "/account")
	}
	w.Header().Set("Clear-Site-Data", `"cache"`) // nobody reads by the Back button what was shown
	return p.view(w, r, "left", nil).render(http.StatusOK, "gate/left")
}
