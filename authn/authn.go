// Package authn signs people in, keeps them signed in, and signs them out.
//
// A Login gathers proofs. Each is got by a Method in two steps, Begin and Finish; the Flow
// does all that no method may forget: throttling, the log, the decision whether one more
// proof is needed, and the session at the end. What spans session, token and account lives
// here too: registration, refresh, password change, sign-out.
//
// It owns no table and no route. It does not know how any method proves anything, nor
// whether it is asked by a page or by a program. The assurance of a sign-in is NIST SP
// 800-63B's, its lifetimes are section 2 of the same.
package authn

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/session"
	"github.com/gatehouse-id/gatehouse/throttle"
	"github.com/gatehouse-id/gatehouse/token"
)

// A Method is one way to prove who you are. Package methodtest checks what each must do.
type Method interface {
	// ID names the method in URLs, in the log and in the table of credentials.
	ID() identity.MethodID
	// Begin prepares a proof: it may send a code, or make a challenge for the browser. A
	// method with nothing to prepare returns the zero Prompt.
	Begin(ctx context.Context, l *Login, in Input) (Prompt, error)
	// Finish checks the answer. It returns identity.ErrRejected for every answer it does not
	// accept, with the true cause in Because, and calls l.About as soon as it knows whom the
	// answer is about.
	Finish(ctx context.Context, l *Login, in Input) (identity.Proof, error)
}

// AtOnce marks a Method that has nothing to begin: its only step is Finish.
type AtOnce interface {
	Method
	AtOnce()
}

// A Second is a Method that can be asked for after another one.
type Second interface {
	Method
	// Enrolled reports whether the user has a credential of the method.
	Enrolled(ctx context.Context, user *identity.User) (bool, error)
}

// Input is what a person sent. A method reads the members it needs.
type Input struct {
	Email      string
	Password   string
	Code       string
	Credential json.RawMessage // of navigator.credentials, in its W3C JSON form
}

// A Prompt is what to show: fields to fill in, a ceremony for navigator.credentials, or a
// place to go. The zero Prompt says that there is nothing to begin.
type Prompt struct {
	Fields   []Field         `json:"fields,omitempty"`
	Ceremony json.RawMessage `json:"ceremony,omitempty"`
	Place    string          `json:"place,omitempty"`
}

// A Field is one input of a form, in the words of HTML.
type Field struct {
	Name         string `json:"name"`
	Type         string `json:"type"`
	Autocomplete string `json:"autocomplete,omitempty"`
}

// A Login is a sign-in under way. Between its steps it is kept as a challenge.
type Login struct {
	UserID identity.UserID                       `json:"user,omitempty"` // once a method knows: see About
	Proofs []identity.Proof                      `json:"proofs,omitempty"`
	Start  Start                                 `json:"start"`
	Data   map[identity.MethodID]json.RawMessage `json:"data,omitempty"` // private to each method
	// Generation is the user's when their credential was read.
	Generation int64 `json:"generation,omitempty"`

	handle   string
	id       identity.ChallengeID
	deadline time.Time
}

// About says whom the sign-in is about, as soon as a method has read their credential. A
// password that is changed while a sign-in with the old one is under way thereby ends that
// sign-in too (SES-29). Whom it is about once stays.
func (l *Login) About(user *identity.User) {
	if l.UserID == "" {
		l.UserID, l.Generation = user.ID, user.Generation
	}
}

// Start is what the first step of a sign-in decides for all of it.
type Start struct {
	Mode       identity.Mode `json:"mode"` // "" means token
	RememberMe *bool         `json:"rememberMe,omitempty"`
	ReturnTo   string        `json:"returnTo,omitempty"` // a path of ours, checked by whoever redirects
}

// Lifetimes says how long sign-ins last. A zero field means its default.
type Lifetimes struct {
	CookieIdle   time.Duration // mode cookie, not used for so long; 30 minutes
	CookieLife   time.Duration // mode cookie, however much used; 24 hours
	RememberLife time.Duration // mode cookie with rememberMe, both; 30 days
	TokenIdle    time.Duration // the token modes, not refreshed for so long; 7 days
	TokenLife    time.Duration // the token modes, however much refreshed; 30 days
}

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// A Flow signs in, renews and ends. All fields are required but Lifetimes, Limits and
// Unverified.
type Flow struct {
	DB        *sqldb.DB
	Accounts  *account.Store
	Sessions  *session.Store
	Tokens    *token.Store
	Limiter   *throttle.Limiter
	Log       *audit.Log
	Mail      Post
	Passwords *Passwords
	Methods   []Method
	Roles     policy.Set // those there are
	Now       func() time.Time
	Lifetimes Lifetimes
	Limits    Limits
	// Unverified lets people in whose address nobody has proved: for closed networks.
	Unverified bool
	// Link returns the absolute URL of a path of ours.
	Link func(path string) string
	// Product is the name that mails show.
	Product string
}

// Limits are how many failures are allowed. A zero field means its default.
type Limits struct {
	Account throttle.Rate // failures of one account, and of one account from one address; 10 in 15 minutes (RAT-01)
	Address throttle.Rate // failures of one address; 100 in 15 minutes
	Mail    throttle.Rate // mails to one address that somebody else can cause; 5 an hour
}

func (l Limits) account() throttle.Rate { return rate(l.Account, 10, 15*time.Minute) }
func (l Limits) address() throttle.Rate { return rate(l.Address, 100, 15*time.Minute) }
func (l Limits) mail() throttle.Rate    { return rate(l.Mail, 5, time.Hour) }

func rate(r throttle.Rate, n int, per time.Duration) throttle.Rate {
	if r.N == 0 {
		return throttle.Rate{N: n, Per: per}
	}
	return r
}
