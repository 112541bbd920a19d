package recovery_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/recovery"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

const (
	bob  = "bob@example.com"
	moor = "moor@example.net" // where alice moves
	good = "246810"
)

// A house is a Restorer with a clock that stands still and a post that keeps all mails.
type house struct {
	testing.TB
	*recovery.Restorer
	gate  *gatehouse.Gate
	since atomic.Int64
	mu    sync.Mutex
	mails []notify.Message
}

// Queue implements authn.Post.
func (h *house) Queue(_ context.Context, m notify.Message, _ time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m.Channel != notify.Nobody {
		h.mails = append(h.mails, m)
	}
	return nil
}

func houses(t *testing.T, fn func(*house)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := &house{TB: t}
		gate, err := gatehouse.New(t.Context(), gatehouse.Config{
			Breaches: gatehouse.Breaches{Off: true}, Captcha: gatehouse.Captcha{Provider: "off"}, DB: db, PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Mailer: &notify.Capture{}, Idle: true, Now: h.now,
			Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		})
		h.must(err)
		gate.Flow.Mail = h
		gate.Flow.Methods = slices.DeleteFunc(gate.Flow.Methods, func(m authn.Method) bool { return m.ID() != authn.Password })
		gate.Flow.Methods = append(gate.Flow.Methods, &app{accounts: gate.Accounts})
		h.gate, h.Restorer = gate, &recovery.Restorer{Accounts: gate.Accounts, Flow: gate.Flow, Now: h.now}
		fn(h)
	})
}

func (h *house) now() time.Time {
	return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(h.since.Load()))
}

func (h *house) wait(d time.Duration) { h.since.Add(int64(d)) }

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// refuses fails unless err is the error wanted; a nil want is success.
func (h *house) refuses(what string, err, want error) {
	h.Helper()
	if !errors.Is(err, want) {
		h.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (h *house) person(email string) *identity.User {
	h.Helper()
	u, err := h.Flow.CreateUser(h.Context(), account.NewUser{Email: email, Verified: true}, passphrase)
	h.must(err)
	return u
}

func (h *house) read(id identity.UserID) *identity.User {
	h.Helper()
	u, err := h.Accounts.ByID(h.Context(), id)
	h.must(err)
	return u
}

// tokens are those of the links to a page that were mailed to an address, oldest first.
func (h *house) tokens(to, page string) (list []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.mails {
		for _, link := range m.Links {
			if token, ok := strings.CutPrefix(link, "https://id.example.com/"+page+"?token="); ok && m.To == to {
				list = append(list, token)
			}
		}
	}
	return list
}

// token is the newest of tokens.
func (h *house) token(to, page string) string {
	h.Helper()
	list := h.tokens(to, page)
	if len(list) == 0 {
		h.Fatalf("no link to /%s was mailed to %s", page, to)
	}
	return list[len(list)-1]
}

// mailed returns the subjects of the mails to an address.
func (h *house) mailed(to string) (subjects []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.mails {
		if m.To == to {
			subjects = append(subjects, m.Subject)
		}
	}
	return subjects
}

func (h *house) events(id identity.UserID, kind string) int {
	h.Helper()
	list, _, err := h.gate.Log.List(context.Background(), audit.Query{Subject: id, Type: kind})
	h.must(err)
	return len(list)
}

func (h *house) try(email, password string, more ...func(*authn.Answer)) (authn.Outcome, error) {
	a := authn.Answer{Method: authn.Password, Input: authn.Input{Email: email, Password: password}, Start: authn.Start{Mode: identity.ModeNative}}
	for _, m := range more {
		m(&a)
	}
	return h.Flow.Finish(h.Context(), a)
}

func mode(m identity.Mode) func(*authn.Answer) { return func(a *authn.Answer) { a.Start.Mode = m } }

func device(token string) func(*authn.Answer) { return func(a *authn.Answer) { a.Device = token } }

func (h *house) signIn(email, password string, more ...func(*authn.Answer)) *authn.SignedIn {
	h.Helper()
	out, err := h.try(email, password, more...)
	h.must(err)
	if out.SignedIn == nil {
		h.Fatalf("more is asked for: %v", out.Next)
	}
	return out.SignedIn
}

// opens reports whether anything that a sign-in handed out is still good.
func (h *house) opens(in *authn.SignedIn) bool {
	if in.Cookie != "" {
		_, _, err := h.Flow.Sessions.Lookup(h.Context(), in.Cookie)
		return err == nil
	}
	_, err := h.Flow.Refresh(h.Context(), authn.Refresh{Token: in.Refresh, Native: true, Active: true})
	c, invalid := h.Flow.Tokens.Verify(in.Access)
	return err == nil || invalid == nil && h.Flow.Tokens.Check(h.Context(), c) == nil
}

func caller(in *authn.SignedIn) *identity.Principal {
	return &identity.Principal{UserID: in.User.ID, SessionID: in.Session.ID}
}

// An app is a second factor whose code is always good, once a user has it.
type app struct{ accounts *account.Store }

func (m *app) ID() identity.MethodID { return "app" }

func (m *app) Enrolled(ctx context.Context, user *identity.User) (bool, error) {
	list, err := m.accounts.Credentials(ctx, user.ID, "app")
	return len(list) > 0, err
}

func (m *app) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

func (m *app) Finish(_ context.Context, _ *authn.Login, in authn.Input) (identity.Proof, error) {
	if in.Code != good {
		return identity.Proof{}, identity.ErrRejected.Because(errors.New("wrong code"))
	}
	return identity.Proof{Method: "app", Factor: identity.Possession, At: m.accounts.Now()}, nil
}

func (m *app) BeginEnroll(context.Context, *authn.Enrollment, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

func (m *app) FinishEnroll(_ context.Context, e *authn.Enrollment, _ authn.Input) (authn.Enrolled, error) {
	return authn.Enrolled{Replaces: true, Credentials: []identity.Credential{{Lookup: string(e.User.ID)}}}, nil
}

// equip gives a user an app, and returns the secret of a device on which it was proved.
func (h *house) equip(u *identity.User) string {
	h.Helper()
	h.must(h.Accounts.Enroll(h.Context(), &identity.Credential{UserID: u.ID, Method: "app", Lookup: string(u.ID)}))
	out, err := h.try(u.Email, passphrase)
	h.must(err)
	out, err = h.Flow.Finish(h.Context(), authn.Answer{Method: "app", Login: out.Login, Remember: true, Input: authn.Input{Code: good}})
	h.must(err)
	return out.SignedIn.Device
}
