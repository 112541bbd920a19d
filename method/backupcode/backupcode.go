// Package backupcode signs people in by the codes that they keep on paper for the day that
// another factor is lost.
//
// A code is a look-up secret (NIST SP 800-63B-4 section 3.1.2) and proves possession of the
// paper. Its threats are a code that is used twice, of which the removal of its row decides,
// guessing, which 75 bits and the Flow's throttling end, and a stolen database: below 112
// bits a code is kept like a password, salted and hashed slowly (ASVS 6.5.2).
//
// So that a try costs one such hash and not ten, the first character of a code says which of
// the ten it is. It is no secret and counts for nothing.
package backupcode

import (
	"context"
	"errors"
	"strconv"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/password"
)

// ID is the ID of the method.
const ID identity.MethodID = "backup-code"

const (
	many = 10 // codes of a set (MFA-09)
	few  = 3  // left of them, it is time for a new set
)

// A Method asks for a backup code. The zero Method is ready for its Flow.
type Method struct {
	// Cost is what the hash of a code costs; zero is the least that OWASP recommends, because a
	// code, unlike a password, cannot be guessed: 19 MiB, 2 passes, 1 lane.
	Cost password.Params

	flow   *authn.Flow
	hasher *password.Hasher
}

var (
	_ authn.AtOnce   = (*Method)(nil)
	_ authn.Spare    = (*Method)(nil)
	_ authn.Enroller = (*Method)(nil)
	_ authn.Resident = (*Method)(nil)
)

// ID implements authn.Method.
func (m *Method) ID() identity.MethodID { return ID }

// AtOnce implements authn.AtOnce.
func (m *Method) AtOnce() {}

// Settle implements authn.Resident.
func (m *Method) Settle(f *authn.Flow) {
	cost := m.Cost
	if cost == (password.Params{}) {
		cost = password.Params{Memory: 19 << 10, Time: 2, Parallelism: 1}
	}
	m.flow, m.hasher = f, &password.Hasher{Params: cost}
}

// Begin implements authn.Method; there is nothing to prepare.
func (m *Method) Begin(context.Context, *authn.Login, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

// Enrolled implements authn.Second: it reports whether any code is left.
func (m *Method) Enrolled(ctx context.Context, user *identity.User) (bool, error) {
	list, err := m.flow.Accounts.Credentials(ctx, user.ID, ID)
	return len(list) > 0, err
}

// Issue implements authn.Spare.
func (m *Method) Issue(ctx context.Context, user *identity.User) (authn.Enrolled, error) {
	done := authn.Enrolled{Replaces: true}
	for place := range many {
		c := draw(place)
		hash, err := m.hasher.Hash(ctx, string(c))
		if err != nil {
			return authn.Enrolled{}, err
		}
		done.Credentials = append(done.Credentials, identity.Credential{Lookup: c.lookup(user.ID), Data: []byte(hash)})
		done.Codes = append(done.Codes, c.String())
	}
	return done, nil
}

// BeginEnroll implements authn.Enroller; there is nothing to prepare.
func (m *Method) BeginEnroll(context.Context, *authn.Enrollment, authn.Input) (authn.Prompt, error) {
	return authn.Prompt{}, nil
}

// FinishEnroll implements authn.Enroller. New codes prove nothing: they were shown, not
// given.
func (m *Method) FinishEnroll(ctx context.Context, e *authn.Enrollment, _ authn.Input) (authn.Enrolled, error) {
	return m.Issue(ctx, e.User)
}

var (
	errNobody = errors.New("no user is known yet")
	errUsed   = errors.New("the code was used, or a new set was made")
)

func rejected(cause error) error { return identity.ErrRejected.Because(cause) }

// Finish implements authn.Method.
func (m *Method) Finish(ctx context.Context, l *authn.Login, in authn.Input) (identity.Proof, error) {
	if l.UserID == "" {
		return identity.Proof{}, rejected(errNobody)
	}
	user, err := m.flow.Accounts.ByID(ctx, l.UserID)
	if errors.Is(err, identity.ErrNotFound) {
		return identity.Proof{}, rejected(err)
	}
	if err != nil {
		return identity.Proof{}, err
	}
	found, err := m.verify(ctx, user.ID, in.Code)
	if err != nil {
		return identity.Proof{}, err
	}
	if user.State != identity.Active {
		return identity.Proof{}, rejected(errors.New("user is " + string(user.State)))
	}
	err = m.flow.DB.Tx(ctx, func(ctx context.Context) error { return m.spend(ctx, user, found) })
	if err != nil {
		return identity.Proof{}, err
	}
	return identity.Proof{Method: ID, Factor: identity.Possession, At: m.flow.Now()}, nil
}

// verify finds the credential of a code. It costs one hash, also where there is none: how
// long an answer takes must not tell which codes are left.
func (m *Method) verify(ctx context.Context, user identity.UserID, typed string) (*identity.Credential, error) {
	c := read(typed)
	found, err := m.flow.Accounts.Found(ctx, ID, c.lookup(user))
	if errors.Is(err, identity.ErrNotFound) {
		found = &identity.Credential{}
	} else if err != nil {
		return nil, err
	}
	_, err = m.hasher.Verify(ctx, string(found.Data), string(c))
	if errors.Is(err, password.ErrMismatch) {
		return nil, rejected(err)
	}
	return found, err
}

// spend takes a code out of the world and tells the log and the user, in the transaction of
// ctx. Of all who come with the code one gets it; those who come with others are counted one
// after the other, so that the mail about the last ones is not missed.
func (m *Method) spend(ctx context.Context, user *identity.User, c *identity.Credential) error {
	if err := m.flow.Accounts.Hold(ctx, user.ID); err != nil {
		return err
	}
	took, err := m.flow.Accounts.Take(ctx, user.ID, c.ID)
	if err != nil {
		return err
	}
	if !took {
		return rejected(errUsed)
	}
	rest, err := m.flow.Accounts.Credentials(ctx, user.ID, ID)
	if err != nil {
		return err
	}
	left := len(rest)
	err = m.flow.Log.Record(ctx, identity.Event{
		Type: identity.EventCredentialUsed, Actor: string(user.ID), Subject: user.ID,
		Data: map[string]string{"method": string(ID), "left": strconv.Itoa(left)},
	})
	if err != nil {
		return err
	}
	kind := notify.CodeUsed
	if left <= few {
		kind = notify.CodesLow
	}
	return m.flow.Notice(ctx, user, kind, notify.Facts{Method: string(ID), Left: left, Link: m.flow.Link("/account/security")})
}
