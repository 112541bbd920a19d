package authn_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// A mailer is a way in by mail: a code and a link, of which one works, once. It keeps what it
// would have sent.
type mailer struct {
	*authn.Flow
	code, link string
}

func (m *mailer) ID() identity.MethodID { return "mailer" }
func (m *mailer) Elsewhere()            {}

func (m *mailer) Opens(_ context.Context, user *identity.User) (bool, error) {
	return user.EmailVerified, nil
}

func (m *mailer) Begin(ctx context.Context, l *authn.Login, in authn.Input) (authn.Prompt, error) {
	user, address, err := m.ByAddress(ctx, l, in.Email)
	if err != nil {
		return authn.Prompt{}, err
	}
	var data json.RawMessage
	if m.code, data, err = m.NewCode("mailer", address, 10*time.Minute); err != nil {
		return authn.Prompt{}, err
	}
	l.Data["mailer"] = data
	if user != nil {
		l.About(user)
		m.link, err = m.NewLink(ctx, l, "mailer", data, 10*time.Minute)
	}
	return authn.CodePrompt(address), err
}

func (m *mailer) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	data := l.Data["mailer"]
	if _, err := m.CheckCode("mailer", data, in.Code); err != nil {
		return identity.Proof{}, err
	}
	return identity.Proof{Method: "mailer", Factor: identity.Mailbox, At: m.Now()}, m.SpendLink(ctx, data)
}

func withMailer(t *testing.T, fn func(*fixture, *mailer)) {
	t.Helper()
	equipped(t, func(f *fixture) {
		m := &mailer{Flow: f.Flow}
		f.Methods = append(f.Methods, m)
		f.person(alice)
		fn(f, m)
	})
}

const visit = "the visit of a browser, as long as it has to be"

// ask begins a sign-in by mail and returns its handle.
func (f *fixture) ask(mode identity.Mode) string {
	f.Helper()
	out, prompt, err := f.Begin(f.Context(), authn.Answer{Method: "mailer", Start: authn.Start{Mode: mode}, Visit: visit, Input: authn.Input{Email: alice}})
	f.must(err)
	if out.ExpiresIn != 10*time.Minute || prompt.To != alice {
		f.Errorf("%+v, %+v", out, prompt)
	}
	return out.Login
}

func (f *fixture) byCode(login, code string) (authn.Outcome, error) {
	return f.Finish(f.Context(), authn.Answer{Method: "mailer", Login: login, Visit: visit, Input: authn.Input{Code: code}})
}

// A code works in the sign-in that asked for it, once, and not in another (MFA-12; ASVS
// 6.5.1, 6.6.2).
func TestCode(t *testing.T) {
	withMailer(t, func(f *fixture, m *mailer) {
		first := f.ask(identity.ModeCookie)
		code := m.code
		second := f.ask(identity.ModeCookie)
		_, err := f.byCode(first, code)
		f.refuses("an older code", err, identity.ErrRejected)
		if code != m.code {
			_, err = f.byCode(second, code)
			f.refuses("the code of another sign-in", err, identity.ErrRejected)
		}
		_, err = f.Finish(f.Context(), authn.Answer{Method: "mailer", Login: second, Visit: "another", Input: authn.Input{Code: m.code}})
		f.refuses("in another browser", err, identity.ErrLinkExpired)
		out, err := f.byCode(second, m.code[:3]+" "+m.code[3:])
		f.must(err)
		if !f.opens(out.SignedIn) {
			t.Error("it opened nothing")
		}
		_, err = f.byCode(second, m.code)
		f.refuses("again", err, identity.ErrLinkExpired)
		_, err = f.FinishLink(f.Context(), m.link, authn.Answer{AnyBrowser: true})
		f.refuses("the link after the code", err, identity.ErrLinkExpired)

		late := f.ask(identity.ModeCookie)
		f.wait(10 * time.Minute)
		_, err = f.byCode(late, m.code)
		f.refuses("late", err, identity.ErrLinkExpired)
	})
}

// Looking at a link spends nothing, however often; then it works, once, and its code is dead
// (PWL-05, BUG-28, CON-12).
func TestLink(t *testing.T) {
	withMailer(t, func(f *fixture, m *mailer) {
		login := f.ask(identity.ModeCookie)
		for range 10 {
			if seen, err := f.Follow(f.Context(), m.link, ""); err != nil || seen.SameBrowser || seen.Email != alice {
				f.Fatalf("%+v, %v", seen, err)
			}
		}
		if seen, err := f.Follow(f.Context(), m.link, visit); err != nil || !seen.SameBrowser {
			t.Errorf("%+v, %v", seen, err)
		}
		page := authn.Answer{Page: true, Visit: "another"}
		_, err := f.FinishLink(f.Context(), m.link, page)
		f.refuses("a button pressed in another browser", err, identity.ErrCode)
		page.Visit = visit
		out, err := f.FinishLink(f.Context(), m.link, page)
		f.must(err)
		if !f.opens(out.SignedIn) || out.SignedIn.Session.Mode != identity.ModeCookie {
			t.Errorf("%+v", out)
		}
		_, err = f.FinishLink(f.Context(), m.link, page)
		f.refuses("again", err, identity.ErrLinkExpired)
		_, err = f.byCode(login, m.code)
		f.refuses("its code", err, identity.ErrRejected)
		_, err = f.FinishLink(f.Context(), "short", page)
		f.refuses("malformed", err, identity.ErrInvalidLink)

		f.ask(identity.ModeCookie)
		page.Visit, page.Input.Code = "another", m.code
		out, err = f.FinishLink(f.Context(), m.link, page)
		f.must(err)
		if !f.opens(out.SignedIn) {
			t.Error("the code beside the link opened nothing")
		}
		f.ask(identity.ModeNative)
		_, err = f.FinishLink(f.Context(), m.link, authn.Answer{Page: true, Visit: visit})
		f.refuses("what is for an application, on a page", err, identity.ErrInvalid)
	})
}

// A link is only a first proof: whoever has a second factor is asked for it.
func TestLinkThenSecond(t *testing.T) {
	withMailer(t, func(f *fixture, m *mailer) {
		f.enroll(f.half().SignedIn, "app")
		f.ask(identity.ModeCookie)
		out, err := f.FinishLink(f.Context(), m.link, authn.Answer{Page: true, Visit: visit})
		f.must(err)
		f.offers("second", out.Next, "app", "paper")
		done, err := f.Finish(f.Context(), authn.Answer{Method: "app", Login: out.Login, Visit: visit, Input: authn.Input{Code: good}})
		f.must(err)
		if !f.opens(done.SignedIn) {
			t.Error("it opened nothing")
		}
	})
}

// Of fifty who come with the link or its code at once, one is signed in (BUG-28).
func TestLinkRace(t *testing.T) {
	withMailer(t, func(f *fixture, m *mailer) {
		for range sqldbtest.Rounds(t) {
			login := f.ask(identity.ModeCookie)
			var won atomic.Int32
			sqldbtest.Race(50, func(i int) {
				var out authn.Outcome
				var err error
				if i%2 == 0 {
					out, err = f.FinishLink(f.Context(), m.link, authn.Answer{Page: true, Visit: visit})
				} else {
					out, err = f.byCode(login, m.code)
				}
				switch {
				case err == nil && out.SignedIn != nil:
					won.Add(1)
				case errors.Is(err, identity.ErrRateLimited), errors.Is(err, identity.ErrLocked), errors.Is(err, identity.ErrRejected), errors.Is(err, identity.ErrLinkExpired):
				default:
					t.Error(err)
				}
			})
			if won.Load() != 1 {
				f.Fatalf("%d are signed in", won.Load())
			}
			f.wait(time.Hour)
		}
	})
}
