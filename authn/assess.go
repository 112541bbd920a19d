package authn

import (
	"context"

	"github.com/gatehouse-id/gatehouse/identity"
)

// An Assessor judges how odd a sign-in is, and remembers where people signed in (RAT-16, BRE-09,
// ASVS 6.3.5).
type Assessor interface {
	// Assess judges a sign-in whose first proof was right. Known is whether this browser has signed
	// the user in before.
	Assess(ctx context.Context, user *identity.User, l *Login, known bool) (Assessment, error)
	// Settle remembers where a user has signed in, in the transaction of ctx that makes the session.
	Settle(ctx context.Context, user *identity.User, v *identity.Session) error
	// Place names where an address is, as coarsely as people speak of it; "" if that is not known.
	Place(ip string) string
}

// A Verdict is what becomes of an odd sign-in. The zero Verdict lets it pass.
type Verdict uint8

// The verdicts, each including those before it.
const (
	Pass   Verdict = iota
	Notice         // its user is told by mail, and can say that it was not them
	Prove          // one more proof is asked for
	Refuse
)

var verdicts = [...]string{"pass", "notice", "prove", "refuse"}

// String returns the verdict in the word of the log.
func (v Verdict) String() string { return verdicts[v] }

// An Assessment is a verdict with what it rests on, for the log. The zero Assessment has found
// nothing.
type Assessment struct {
	Verdict Verdict
	Score   int
	Signals []Signal
	Always  bool // the proof is asked of whoever has proved two kinds of evidence as well
	Shadow  bool // it is only logged
}

// A Signal is one thing that is odd, in words of the log.
type Signal struct {
	Name   string // new-device, new-country, …
	Score  int
	Reason string // without anything that names a person or a place
}
