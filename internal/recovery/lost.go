package recovery

import (
	"context"
	"encoding/json"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// recoveryLife is how long a recovery link works once it does: whoever lost everything may
// have to find a device to open it with.
const recoveryLife = 72 * time.Hour

// A lost account is the private data of its recovery link.
type lost struct {
	Opens time.Time `json:"opens"`
}

// BeginRecovery mails, on the word of an administrator, a link by which somebody who lost all
// factors sets everything anew. It works after the delay of the policy, until when the other
// link in the same mail stops it. The administrator never sees either (ASVS 6.4.6). A user
// who is disabled or has no address is identity.ErrConflict.
func (s *Restorer) BeginRecovery(ctx context.Context, id identity.UserID) (opens time.Time, err error) {
	opens = s.Now().Add(s.Flow.Policy.RecoveryDelay())
	data, err := json.Marshal(lost{opens})
	if err != nil {
		return time.Time{}, err
	}
	return opens, s.Flow.DB.Tx(ctx, func(ctx context.Context) error {
		user, err := s.Accounts.ByID(ctx, id)
		if err != nil {
			return err
		}
		if user.State != identity.Active || user.Email == "" {
			return identity.ErrConflict
		}
		c := identity.Challenge{Purpose: recoveryPurpose, Subject: string(id), UserID: id, Data: data, ExpiresAt: opens.Add(recoveryLife)}
		token, err := s.Accounts.Sole(ctx, c)
		if err != nil {
			return err
		}
		c.Purpose = stopPurpose
		stop, err := s.Accounts.Sole(ctx, c)
		if err != nil {
			return err
		}
		if err := s.Flow.Log.Record(ctx, identity.Event{Type: identity.EventRecoveryBegun, Subject: id}); err != nil {
			return err
		}
		return s.Flow.Post(ctx, notify.Recovery, notify.Facts{
			Name: user.Name, Email: user.Email, Opens: opens, Expires: recoveryLife,
			Link: s.Flow.Link("/recover?token=" + token), Cancel: s.Flow.Link("/recover/stop?token=" + stop),
		}, c.ExpiresAt.Sub(s.Now()))
	})
}

// A Recoverable account is one whose recovery was begun.
type Recoverable struct {
	Email string
	Opens time.Time // before that the link does nothing
}

// Recoverable says what a recovery link is about, without spending it.
func (s *Restorer) Recoverable(ctx context.Context, token string) (Recoverable, error) {
	c, err := s.peek(ctx, recoveryPurpose, token)
	if err != nil {
		return Recoverable{}, err
	}
	user, err := s.active(ctx, c.UserID)
	if err != nil {
		return Recoverable{}, err
	}
	r := Recoverable{Email: user.Email}
	r.Opens, err = opensAt(c)
	return r, err
}

func opensAt(c *identity.Challenge) (time.Time, error) {
	var l lost
	err := json.Unmarshal(c.Data, &l)
	return l.Opens, err
}

// StopRecovery spends the other link of the mail: the recovery link is dead.
func (s *Restorer) StopRecovery(ctx context.Context, token string) error {
	found, err := s.peek(ctx, stopPurpose, token)
	if err != nil {
		return err
	}
	return s.Flow.DB.Tx(ctx, func(ctx context.Context) error {
		_, user, err := s.spend(ctx, found, token)
		if err != nil {
			return err
		}
		if err := s.Accounts.Withdraw(ctx, recoveryPurpose, string(user.ID)); err != nil {
			return err
		}
		return s.record(ctx, identity.EventRecoveryStopped, user.ID)
	})
}
