package authn

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Policy says which proofs are enough for a sign-in. The zero Policy asks for one, and for
// a second of whoever has set up a second factor.
//
// Assurances are "aal1", one kind of evidence, and "aal2", two (NIST SP 800-63B-4 section 2);
// "" asks for nothing. Of all that apply the highest holds.
type Policy struct {
	ACR     string                       // of everybody
	Roles   map[string]string            // of whoever has a role
	Clients map[identity.ClientID]string // of whoever signs in for a client
	Tenants map[identity.TenantID]string // of whoever signs in for an organization
	// NoMail keeps mail from being a factor: no magic links, no codes by mail but the one that
	// proves a new address (ASVS 6.3.6).
	NoMail bool
	// Remember is for how long a device may be remembered that proved a second factor; 0 means
	// 30 days, less than that none. It never stands in for an assurance that is demanded.
	Remember time.Duration
	// Delay is how long a recovery link waits before it works, so that its owner can stop it;
	// 0 means 24 hours.
	Delay time.Duration
}

// HighSecurity is the Policy for applications where one stolen secret must open nothing: two
// kinds of evidence from everybody, none of them by mail, and no device is remembered. A code
// by text message can then only come after another factor (MFA-13).
func HighSecurity() Policy { return Policy{ACR: "aal2", NoMail: true, Remember: -1} }

// assurances are in the order of their strength.
var assurances = []string{"", "aal1", "aal2"}

// Check reports an assurance that there is not.
func (p Policy) Check() error {
	asked := slices.Concat([]string{p.ACR}, slices.Collect(maps.Values(p.Roles)),
		slices.Collect(maps.Values(p.Clients)), slices.Collect(maps.Values(p.Tenants)))
	for _, acr := range asked {
		if !slices.Contains(assurances, acr) {
			return fmt.Errorf("assurance %q is neither aal1 nor aal2", acr)
		}
	}
	return nil
}

// Demand returns the assurance that a sign-in must reach. What a client asks for in words
// that we do not know asks for nothing (OpenID Connect Core section 5.5.1.1).
func (p Policy) Demand(user *identity.User, s Start) string {
	asked := []string{p.ACR, s.ACR, p.Clients[s.Client], p.Tenants[s.Tenant]}
	for _, role := range user.Roles {
		asked = append(asked, p.Roles[role])
	}
	return slices.MaxFunc(asked, func(a, b string) int {
		return cmp.Compare(slices.Index(assurances, a), slices.Index(assurances, b))
	})
}

func (p Policy) remember() time.Duration { return max(or(p.Remember, 30*day), 0) }

// RecoveryDelay is Delay with its default.
func (p Policy) RecoveryDelay() time.Duration { return or(p.Delay, day) }

// EmailCode is the ID of the method by which an address is proved.
const EmailCode identity.MethodID = "email-code"

// next returns the methods of which one must still be passed: the proof of an address that
// nobody has proved, and the user's own second factors until the proofs span two kinds of
// evidence or, where no assurance is demanded, until one of those factors came second.
func (f *Flow) next(ctx context.Context, user *identity.User, l *Login, device string) ([]identity.MethodID, error) {
	if !user.EmailVerified && !f.Unverified {
		return []identity.MethodID{EmailCode}, nil
	}
	seconds, err := f.seconds(ctx, user)
	if err != nil {
		return nil, err
	}
	if l.Session != "" {
		return f.nextStepUp(ctx, user, l, seconds)
	}
	demanded := f.Policy.Demand(user, l.Start) == "aal2"
	if identity.MultiFactor(l.Proofs) || !demanded && seconded(l.Proofs, seconds) {
		return nil, nil
	}
	asked := len(seconds)
	seconds = slices.DeleteFunc(seconds, func(id identity.MethodID) bool { return proved(l.Proofs, id) })
	if len(seconds) == 0 || demanded {
		return seconds, nil
	}
	if len(seconds) < asked && !f.factors(seconds) {
		return nil, nil // what spares stand in for was proved itself
	}
	remembered, err := f.remembered(ctx, user, device)
	if err != nil || remembered {
		return nil, err
	}
	return seconds, nil
}

// seconded reports whether what came after the first proof was one of the second factors.
// Threat: by the same password twice, or by a mail and the password that was chosen by mail,
// a thief would else get in without any.
func seconded(proofs []identity.Proof, seconds []identity.MethodID) bool {
	return len(proofs) > 1 && slices.ContainsFunc(proofs[1:], func(p identity.Proof) bool { return slices.Contains(seconds, p.Method) })
}

func proved(proofs []identity.Proof, id identity.MethodID) bool {
	return slices.ContainsFunc(proofs, func(p identity.Proof) bool { return p.Method == id })
}

// seconds returns the second factors that the user has set up, those for the day that another
// is lost at the end.
func (f *Flow) seconds(ctx context.Context, user *identity.User) (list []identity.MethodID, err error) {
	var spares []identity.MethodID
	for _, m := range f.Methods {
		second, ok := m.(Second)
		if !ok {
			continue
		}
		enrolled, err := second.Enrolled(ctx, user)
		if err != nil {
			return nil, err
		}
		switch {
		case !enrolled:
		case f.IsSpare(m.ID()):
			spares = append(spares, m.ID())
		default:
			list = append(list, m.ID())
		}
	}
	return append(list, spares...), nil
}

// IsSpare reports whether a method is only there for the day that another one is lost.
func (f *Flow) IsSpare(id identity.MethodID) bool {
	m, err := f.Method(id)
	_, spare := m.(Spare)
	return err == nil && spare
}

// factors reports whether any of a user's second factors is more than a spare.
func (f *Flow) factors(seconds []identity.MethodID) bool {
	return slices.ContainsFunc(seconds, func(id identity.MethodID) bool { return !f.IsSpare(id) })
}

// mustEnroll keeps the sign-in of somebody from whom more is demanded than they can prove, so
// that they can set up what is missing (MFA-14): identity.ErrMustEnroll, see LoginOf.
func (f *Flow) mustEnroll(ctx context.Context, user *identity.User, l *Login, a Answer) error {
	if f.Policy.Demand(user, l.Start) != "aal2" || identity.MultiFactor(l.Proofs) {
		return nil
	}
	out, err := f.keep(ctx, l, a.Visit, sentLife)
	if err != nil {
		return err
	}
	e := *identity.ErrMustEnroll
	e.Onward = &identity.Onward{Login: out.Login, Enroll: f.Enrollable(), ExpiresIn: out.ExpiresIn}
	return &e
}

// Enrollable returns the second factors that people can set up by themselves.
func (f *Flow) Enrollable() []identity.MethodID {
	list := []identity.MethodID{}
	for _, m := range f.Methods {
		_, second := m.(Second)
		_, enroller := m.(Enroller)
		if second && enroller && !f.IsSpare(m.ID()) {
			list = append(list, m.ID())
		}
	}
	return list
}

// LoginOf returns the handle with which whoever must set up a second factor goes on, and by
// which methods they can; "" for every other error.
func LoginOf(err error) (handle string, methods []identity.MethodID) {
	var e *identity.Error
	if !errors.As(err, &e) || e.Onward == nil {
		return "", nil
	}
	return e.Onward.Login, e.Onward.Enroll
}
