package pages

import (
	"context"
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/identity"
)

func (p *Pages) forgot(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	return p.view(w, r, "forgot", why).render(status(why), "gate/forgot")
}

// sendReset answers a known and an unknown address alike.
func (p *Pages) sendReset(w http.ResponseWriter, r *http.Request) error {
	email := r.PostForm.Get("email")
	if err := demand(r.PostForm, "email"); err != nil {
		return err
	}
	if err := p.Restorer.Forgot(r.Context(), email); err != nil {
		return err
	}
	return p.see(w, r, with("/forgot/sent", "to", p.conceal(w, r, email)))
}

func (p *Pages) resetSent(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	v := p.view(w, r, "forgotSent", nil)
	v.Typed["email"] = p.reveal(r)
	return v.render(http.StatusOK, "gate/forgotsent")
}

func (p *Pages) resettable(ctx context.Context, token string) (opened, error) {
	email, err := p.Restorer.Resettable(ctx, token)
	return opened{email: email, gaps: []string{"email", email}}, err
}

func (p *Pages) reset(ctx context.Context, form url.Values) (string, error) {
	return "/reset-password/done", p.Restorer.Reset(ctx, form.Get("token"), form.Get("password"))
}

// movable shows which of the two addresses of a change is asked.
func (p *Pages) movable(ctx context.Context, token string) (opened, error) {
	m, err := p.Restorer.Movable(ctx, token)
	o := opened{gaps: []string{"from", m.From, "to", m.To}}
	if !m.AtNew {
		o.words = "moving.old"
	}
	return o, err
}

func (p *Pages) moved(ctx context.Context, form url.Values) (string, error) {
	changed, err := p.Restorer.ConfirmEmail(ctx, form.Get("token"))
	if !changed {
		return "/email/half", err
	}
	return "/email/done", err
}

// recoverable tells from when on a recovery link works; before that nothing can be pressed.
func (p *Pages) recoverable(ctx context.Context, token string) (opened, error) {
	account, err := p.Restorer.Recoverable(ctx, token)
	if err != nil {
		return opened{}, err
	}
	o := opened{email: account.Email, gaps: []string{"email", account.Email}}
	if wait := account.Opens.Sub(p.Now()); wait > 0 {
		o.words, o.closed, o.opens = "recover.early", true, account.Opens
	}
	return o, nil
}

func (p *Pages) recover(ctx context.Context, form url.Values) (string, error) {
	return "/recover/done", p.Restorer.Recover(ctx, form.Get("token"), form.Get("password"))
}

// stoppable shows the button whatever the link is: what it stops is worth stopping twice, and
// whether it still can be stopped is said by pressing.
func (p *Pages) stoppable(_ context.Context, token string) (opened, error) {
	if token == "" {
		return opened{}, identity.ErrInvalidLink
	}
	return opened{}, nil
}

// lost says what can be done by somebody who has none of their factors any more.
func (p *Pages) lost(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	return p.view(w, r, "lost", nil).render(http.StatusOK, "gate/lost")
}
