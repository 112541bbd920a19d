package pages

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

func (p *Pages) signup(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	return p.view(w, r, "signup", why).render(status(why), "gate/signup")
}

// register answers a known and an unknown address alike.
func (p *Pages) register(w http.ResponseWriter, r *http.Request) error {
	n, err := p.filledIn(r.PostForm)
	if err != nil {
		return err
	}
	n.Visit = p.Site.VisitOf(w, r)
	if err := taken(p.Flow.Register(r.Context(), n)); err != nil {
		return err
	}
	if p.Flow.Unverified {
		return p.see(w, r, "/signup/done")
	}
	return p.see(w, r, "/signup/sent?to="+p.conceal(w, r, n.Email))
}

// filledIn reads the form of a new account and tells of all that is wrong with it at once;
// whoever makes the account would tell of the first.
func (p *Pages) filledIn(form url.Values) (n authn.NewAccount, err error) {
	n = authn.NewAccount{Email: form.Get("email"), Password: form.Get("password"), Name: form.Get("name")}
	address, badAddress := account.Address(n.Email)
	name, badName := account.DisplayName(n.Name)
	weak := demand(form, "password")
	if weak == nil {
		weak = p.Flow.Passwords.Policy.Check(n.Password, false, address, name)
	}
	return n, together(badAddress, badName, weak)
}

// together is all that is wrong with a form.
func together(problems ...error) error {
	all := identity.ErrInvalid
	for _, err := range problems {
		var e *identity.Error
		if errors.As(err, &e) {
			for name, why := range e.Fields {
				all = all.With(name, why)
			}
		}
	}
	if len(all.Fields) == 0 {
		return errors.Join(problems...)
	}
	return all
}

// taken says at which input it is that an address belongs to somebody, where that is no
// secret.
func taken(err error) error {
	if errors.Is(err, account.ErrTaken) {
		return account.ErrTaken.Because(err).With("email", "is taken")
	}
	return err
}

// sent says that a mail is on its way, whether one is or not.
func (p *Pages) sent(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	v := p.view(w, r, "sent", nil)
	v.Typed["email"] = p.reveal(r)
	return v.render(http.StatusOK, "gate/sent")
}

// conceal seals an address for this browser, to be shown on the page that it is sent to
// next: addresses stay out of histories and logs, and nobody else chooses what that page
// says.
func (p *Pages) conceal(w http.ResponseWriter, r *http.Request, email string) string {
	if len(email) > 254 {
		return ""
	}
	box, err := secret.NewBox(sentKey(p.Site.VisitOf(w, r)))
	if err != nil {
		return "" // the page then speaks of no address
	}
	return base64.RawURLEncoding.EncodeToString(box.Seal([]byte(email), sentContext))
}

func (p *Pages) reveal(r *http.Request) string {
	sealed, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("to"))
	if err != nil {
		return ""
	}
	box, err := secret.NewBox(sentKey(p.Site.ReadCookie(r, web.Visit)))
	if err != nil {
		return ""
	}
	email, _ := box.Open(sealed, sentContext) // nil if it is not for this browser
	return string(email)
}

const sentContext = "page /signup/sent"

func sentKey(visit string) []byte { return secret.MAC([]byte(visit), []byte(sentContext)) }

// settled is a page that says that something is done, and leads to the sign-in, or to the
// account of whoever is signed in.
func (p *Pages) settled(words string) func(http.ResponseWriter, *http.Request, *identity.Error) error {
	return func(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
		v := p.view(w, r, words, nil)
		v.Data = holder(r) != nil
		return v.render(http.StatusOK, "gate/settled")
	}
}
