// Package authn signs people in, keeps them signed in, and signs them out.
//
// A Login gathers proofs. Each is got by a Method in two steps, Begin and Finish; the Flow
// does all that no method may forget: throttling, the log, the decision whether one more
// proof is needed, and the session at the end. Whoever is in proves again for what is
// dangerous (StepUpMethods), sets further methods up (EnrollStep) and takes them away. What
// else spans session, token and account lives here too: registration, the first
// administrator, refresh, password change, unlocking, sign-out, and the mails about it all.
//
// It owns no table and no route. It does not know how any method proves anything, nor
// whether it is asked by a page or by a program. The assurance of a sign-in is NIST SP
// 800-63B's, its lifetimes are section 2 of the same.
package authn

import (
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/session"
	"github.com/gatehouse-id/gatehouse/tenant"
	"github.com/gatehouse-id/gatehouse/throttle"
	"github.com/gatehouse-id/gatehouse/token"
	"github.com/gatehouse-id/gatehouse/webhook"
)

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

// A Flow signs in, renews and ends. All fields are required but Lifetimes, Policy,
// Captcha, Risk and Unverified.
type Flow struct {
	DB       *sqldb.DB
	Accounts *account.Store
	Sessions *session.Store
	Tokens   *token.Store
	Limiter  *throttle.Limiter
	Log      *audit.Log
	Mail     Post
	// Seal and Unseal keep what must be read back unreadable in the database and in what is
	// handed out; context names the record.
	Seal      func(plain []byte, context string) ([]byte, error)
	Unseal    func(sealed []byte, context string) ([]byte, error)
	Passwords *Passwords
	Methods   []Method
	Access    *access.Store // which roles there are, and who has which in an organization
	Tenants   *tenant.Store
	Webhooks  *webhook.Store // which an organization takes with it
	APIKeys   *apikey.Store  // which their owners are told of by mail
	Now       func() time.Time
	Lifetimes Lifetimes
	// Policy says which proofs are enough.
	Policy Policy
	// Captcha is asked when an account has failed often; nil: never.
	Captcha Captcha
	// Risk judges how odd a sign-in is; nil: nobody does.
	Risk Assessor
	// Unverified lets people in whose address nobody has proved: for closed networks.
	Unverified bool
	// Link returns the absolute URL of a path of ours.
	Link func(path string) string
	// Product is the name that mails show.
	Product string
}

// Settle hands the Flow to the methods that work with it.
func (f *Flow) Settle() {
	for _, m := range f.Methods {
		if r, ok := m.(Resident); ok {
			r.Settle(f)
		}
	}
}
