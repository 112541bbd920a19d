// Package house opens whole houses for the tests of what is built into them: over a real
// database, with a clock that stands still until somebody waits, and with a post that keeps
// what it is given. It has what every such test does; it knows no method by more than its ID.
package house

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

const (
	// Alice is somebody's address.
	Alice = "alice@example.com"
	// Passphrase is everybody's password.
	Passphrase = "violet hammer seventeen"
)

// Start is where the clock of a House stands first.
var Start = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)

// A House is the flow of a gate, as a test lives in it.
type House struct {
	testing.TB
	*authn.Flow
	Gate    *gatehouse.Gate
	Post    *Post
	Counted []string // what the limits counted, in order

	config gatehouse.Config
	clock  *atomic.Int64 // UnixMicro
	mu     sync.Mutex
}

// Open opens a house over db, with cheap hashes, at https://id.example.com.
func Open(t testing.TB, db *sqldb.DB, options ...func(*gatehouse.Config)) *House {
	t.Helper()
	h := &House{TB: t, Post: &Post{}, clock: new(atomic.Int64)}
	h.Set(Start)
	h.config = gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, Captcha: gatehouse.Captcha{Provider: "off"}, DB: db, PublicURL: "https://id.example.com", MasterKey: make([]byte, 32), Idle: true, Now: h.Now, Ephemeral: counts{ephemeral.Memory(h.Now), h},
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		Limits:    Wide(),
		Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	h.config.Risk.Off = true // every sign-in here is of a new browser; what comes of that has tests of its own
	for _, option := range options {
		option(&h.config)
	}
	h.open()
	return h
}

// Next opens the next house over the same database, on another machine with the same clock and
// post.
func (h *House) Next() *House {
	h.Helper()
	next := &House{TB: h.TB, Post: h.Post, config: h.config, clock: h.clock}
	next.config.Ephemeral = counts{ephemeral.Memory(h.Now), next}
	next.open()
	return next
}

func (h *House) open() {
	h.Helper()
	gate, err := gatehouse.New(h.Context(), h.config)
	h.Must(err)
	h.Gate, h.Flow = gate, gate.Flow
	h.Mail = h.Post
}

// counts is a Store that writes down what is counted.
type counts struct {
	ephemeral.Store
	house *House
}

func (c counts) Count(ctx context.Context, key string, n int, window time.Duration) (int, time.Time, error) {
	c.note(key, n)
	return c.Store.Count(ctx, key, n, window)
}

func (c counts) Take(ctx context.Context, key string, n int, per time.Duration) (bool, int, time.Time, error) {
	c.note(key, 1)
	return c.Store.Take(ctx, key, n, per)
}

func (c counts) note(key string, n int) {
	c.house.mu.Lock()
	defer c.house.mu.Unlock()
	c.house.Counted = append(c.house.Counted, fmt.Sprint(key, n))
}

// A Post is an authn.Post that keeps what it is given.
type Post struct {
	Fails error // what it answers instead; nil: nothing

	mu   sync.Mutex
	sent []notify.Message
}

// Queue implements authn.Post.
func (p *Post) Queue(_ context.Context, m notify.Message, _ time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Fails == nil && m.Channel != notify.Nobody {
		p.sent = append(p.sent, m)
	}
	return p.Fails
}

// Mails returns all mails, oldest first.
func (h *House) Mails() []notify.Message { return h.Post.kept(false) }

// Texts returns all text messages, oldest first.
func (h *House) Texts() []notify.Message { return h.Post.kept(true) }

func (p *Post) kept(texts bool) (list []notify.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.sent {
		if (m.Channel == notify.SMS) == texts {
			list = append(list, m)
		}
	}
	return list
}

// Last returns the newest of some messages. It fails the test if there is none.
func (h *House) Last(list []notify.Message) notify.Message {
	h.Helper()
	if len(list) == 0 {
		h.Fatal("nothing was sent")
	}
	return list[len(list)-1]
}

// Now is what the clock shows; it hides that of the Flow, which is the same.
func (h *House) Now() time.Time { return time.UnixMicro(h.clock.Load()).UTC() }

// Wait moves the clock on.
func (h *House) Wait(d time.Duration) { h.clock.Add(d.Microseconds()) }

// Set sets the clock.
func (h *House) Set(t time.Time) { h.clock.Store(t.UnixMicro()) }

// Must fails the test at once unless err is nil.
func (h *House) Must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Refuses fails the test unless err is the error wanted; a nil want is success.
func (h *House) Refuses(what string, err, want error) {
	h.Helper()
	if !errors.Is(err, want) {
		h.Errorf("%s: %v, want %v", what, err, want)
	}
}

// Person makes a user with Passphrase, whose address is proved.
func (h *House) Person(email string) *identity.User {
	h.Helper()
	return h.newUser(account.NewUser{Email: email, Verified: true})
}

// Unproved makes a user with Passphrase, whose address nobody has proved.
func (h *House) Unproved(email string) *identity.User {
	h.Helper()
	return h.newUser(account.NewUser{Email: email})
}

func (h *House) newUser(n account.NewUser) *identity.User {
	h.Helper()
	user, err := h.CreateUser(h.Context(), n, Passphrase)
	h.Must(err)
	return user
}

// Caller is a user as somebody signed in.
func Caller(user *identity.User) *identity.Principal { return &identity.Principal{UserID: user.ID} }

// Password passes the first step of a sign-in by password.
func (h *House) Password(email string) authn.Outcome {
	h.Helper()
	out, err := h.Finish(h.Context(), Answer(authn.Password, "", "", authn.Input{Email: email, Password: Passphrase}))
	h.Must(err)
	return out
}

// Answer is a step of a sign-in by cookie: of a page, if there is a visit.
func Answer(m identity.MethodID, login, visit string, in authn.Input) authn.Answer {
	return authn.Answer{Method: m, Login: login, Visit: visit, Page: visit != "", Input: in, Start: authn.Start{Mode: identity.ModeCookie}}
}

// Code answers a sign-in under way with a code, which must be all that was missing.
func (h *House) Code(m identity.MethodID, login, code string) error {
	return SignedIn(h.Finish(h.Context(), Answer(m, login, "", authn.Input{Code: code})))
}

// SignedIn is err, or an error if more is asked for.
func SignedIn(out authn.Outcome, err error) error {
	if err == nil && out.SignedIn == nil {
		return errors.New("not signed in")
	}
	return err
}

// Events returns the events about a user of one type, the newest first.
func (h *House) Events(user *identity.User, kind string) []identity.Event {
	h.Helper()
	list, _, err := h.Gate.Log.List(context.WithoutCancel(h.Context()), audit.Query{Subject: user.ID, Type: kind})
	h.Must(err)
	return list
}

// Kept returns the credentials of a method that a user has.
func (h *House) Kept(user *identity.User, m identity.MethodID) []identity.Credential {
	h.Helper()
	list, err := h.Accounts.Credentials(h.Context(), user.ID, m)
	h.Must(err)
	return list
}
