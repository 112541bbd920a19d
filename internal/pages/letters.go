package pages

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A letter is a page to which the link in a mail leads. It shows what the link does and does
// it when a button is pressed: mail scanners open what they find (BUG-28).
type letter struct {
	path, words string
	peek        func(ctx context.Context, token string) (opened, error)
	// spend does what the link is for and returns where to go then.
	spend    func(ctx context.Context, form url.Values) (next string, err error)
	password bool   // a new one is asked for
	renew    wayOut // where to get another link
}

// opened is what a letter says before anything is spent.
type opened struct {
	words  string   // instead of the letter's own; "": those
	gaps   []string // what fills the gaps of its words
	email  string   // for password managers
	closed bool     // nothing can be pressed now
	opens  time.Time
}

var (
	toForgot = wayOut{"lapses.forgot", "/forgot"}
	toLogin  = wayOut{"lapses.login", "/login"}
	toHelp   = wayOut{"lapses.help", "/recover/help"}
)

// letterPages are those of lost passwords and lost factors, and what else mails lead to.
func (p *Pages) letterPages() []page {
	list := []page{
		{path: "/forgot", rule: public, show: p.forgot, submit: p.sendReset, limit: throttle.MailAddress},
		{path: "/forgot/sent", rule: public, show: p.resetSent},
		{path: "/reset-password/done", rule: public, show: p.settled("resetDone")},
		{path: "/unlock/done", rule: public, show: p.settled("unlockDone")},
		{path: "/not-me/done", rule: public, show: p.settled("notMeDone")},
		{path: "/email/half", rule: public, show: p.settled("emailHalf")},
		{path: "/email/done", rule: public, show: p.settled("emailDone")},
		{path: "/recover/done", rule: public, show: p.settled("recoverDone")},
		{path: "/recover/stop/done", rule: public, show: p.settled("stopDone")},
		{path: "/recover/help", rule: public, show: p.lost},
	}
	for _, l := range p.letters() {
		list = append(list, page{path: l.path, rule: public, show: p.opening(l), submit: p.spending(l), limit: throttle.Links})
	}
	return list
}

func (p *Pages) letters() []letter {
	return []letter{
		{path: "/reset-password", words: "reset", peek: p.resettable, spend: p.reset, password: true, renew: toForgot},
		{path: "/unlock", words: "unlock", peek: silently(p.Flow.Locked), spend: byToken(p.Flow.Unlock, "/unlock/done"), renew: toLogin},
		{path: "/not-me", words: "notMe", peek: silently(p.Restorer.Disownable), spend: byToken(p.Restorer.Disown, "/not-me/done"), renew: toForgot},
		{path: "/email", words: "moving", peek: p.movable, spend: p.moved, renew: toLogin},
		{path: "/recover", words: "recover", peek: p.recoverable, spend: p.recover, password: true, renew: toHelp},
		{path: "/recover/stop", words: "stop", peek: p.stoppable, spend: byToken(p.Restorer.StopRecovery, "/recover/stop/done"), renew: toHelp},
	}
}

// silently is a peek at a link of which nothing is to be shown.
func silently(check func(context.Context, string) error) func(context.Context, string) (opened, error) {
	return func(ctx context.Context, token string) (opened, error) { return opened{}, check(ctx, token) }
}

func byToken(spend func(context.Context, string) error, next string) func(context.Context, url.Values) (string, error) {
	return func(ctx context.Context, form url.Values) (string, error) { return next, spend(ctx, form.Get("token")) }
}

// A note is what the page of a letter shows.
type note struct {
	Path, Email string
	Password    bool
	Closed      bool
}

func (p *Pages) opening(l letter) func(http.ResponseWriter, *http.Request, *identity.Error) error {
	return func(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
		v := p.view(w, r, l.words, why)
		o, err := l.peek(r.Context(), v.Typed["token"])
		if state := lapse(err); state != "" {
			return p.dead(w, r, state, wayOut{l.renew.Words, v.Link(l.renew.Link)})
		}
		if err != nil {
			return err
		}
		if o.words != "" {
			v.Words = o.words
		}
		v.Gaps = append(o.gaps, "moment", v.moment(o.opens))
		v.Data = note{Path: l.path, Email: o.email, Password: l.password, Closed: o.closed}
		return v.render(status(why), "gate/letter")
	}
}

func (p *Pages) spending(l letter) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if l.password {
			if err := demand(r.PostForm, "password"); err != nil {
				return err
			}
		}
		next, err := l.spend(r.Context(), r.PostForm)
		if state := lapse(err); state != "" {
			return p.dead(w, r, state, wayOut{l.renew.Words, p.link(l.renew.Link, p.chosen(r))})
		}
		if errors.Is(err, recovery.ErrTooEarly) {
			return p.opening(l)(w, r, nil) // it says from when on
		}
		if err != nil {
			return err
		}
		return p.see(w, r, next)
	}
}
