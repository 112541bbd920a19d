package authn

import (
	"context"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// ErrLastWayIn is the removal of the credential without which its user could sign in no more.
var ErrLastWayIn = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "This is your last way to sign in. Set up another one first."}

// Credentials returns what the user can prove, without what has run out.
func (f *Flow) Credentials(ctx context.Context, id identity.UserID) ([]identity.Credential, error) {
	user, err := f.Accounts.ByID(ctx, id)
	if err != nil {
		return nil, err
	}
	list, err := f.Accounts.Credentials(ctx, id, "")
	return slices.DeleteFunc(list, func(c identity.Credential) bool { return !f.alive(user, c) }), err
}

// Describe returns what the method of a credential can tell its owner about it; nil: nothing.
func (f *Flow) Describe(c identity.Credential) map[string]string {
	m, err := f.Method(c.Method)
	if d, ok := m.(Describer); ok && err == nil {
		return d.Describe(c)
	}
	return nil
}

// RenameCredential changes the user's own name for a credential. One that is not theirs is
// identity.ErrNotFound; a label is a display name.
func (f *Flow) RenameCredential(ctx context.Context, user identity.UserID, id identity.CredentialID, label string) error {
	label, err := account.DisplayName(label)
	if err != nil {
		return identity.ErrInvalid.With("label", "has more than 100 characters")
	}
	if label == "" {
		return identity.ErrInvalid.With("label", "is missing")
	}
	return f.Accounts.Relabel(ctx, user, id, label)
}

// RemoveCredential takes a credential of the user away. One that is not theirs is
// identity.ErrNotFound, the last way in ErrLastWayIn.
func (f *Flow) RemoveCredential(ctx context.Context, id identity.UserID, credential identity.CredentialID) error {
	return f.remove(ctx, id, func(c identity.Credential) bool { return c.ID == credential })
}

// RemoveMethod is RemoveCredential for all of the user's credentials of a method.
func (f *Flow) RemoveMethod(ctx context.Context, id identity.UserID, m identity.MethodID) error {
	return f.remove(ctx, id, func(c identity.Credential) bool { return c.Method == m })
}

func (f *Flow) remove(ctx context.Context, id identity.UserID, which func(identity.Credential) bool) error {
	return f.DB.Tx(ctx, func(ctx context.Context) error {
		// Two who remove each the other's last way in come one after the other.
		if err := f.Accounts.Hold(ctx, id); err != nil {
			return err
		}
		list, err := f.Accounts.Credentials(ctx, id, "")
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(c identity.Credential) bool { return !which(c) })
		if len(list) == 0 {
			return identity.ErrNotFound
		}
		for _, c := range list {
			if _, err := f.Accounts.Take(ctx, id, c.ID); err != nil {
				return err
			}
		}
		return f.removed(ctx, id, list[0])
	})
}

// removed judges what is left after a removal, and tells the log and the user.
func (f *Flow) removed(ctx context.Context, id identity.UserID, c identity.Credential) error {
	user, err := f.Accounts.ByID(ctx, id)
	if err != nil {
		return err
	}
	if err := f.told(ctx, id, c); err != nil || c.Method == Device {
		return err
	}
	ways, err := f.waysIn(ctx, user)
	if err != nil {
		return err
	}
	if len(ways) == 0 {
		return ErrLastWayIn
	}
	if err := f.withoutSeconds(ctx, user, c.Method); err != nil {
		return err
	}
	return f.Notice(ctx, user, notify.FactorRemoved, notify.Facts{Method: string(c.Method), Link: f.Link("/account/security")})
}

// withoutSeconds tells the log when the last second factor is gone, and takes the spares
// along, which stand in for nothing any more.
func (f *Flow) withoutSeconds(ctx context.Context, user *identity.User, was identity.MethodID) error {
	m, err := f.Method(was)
	if _, second := m.(Second); err != nil || !second || f.IsSpare(was) {
		return nil
	}
	left, err := f.seconds(ctx, user)
	if err != nil || f.factors(left) {
		return err
	}
	for _, spare := range left {
		if _, err := f.Accounts.TakeAll(ctx, user.ID, spare); err != nil {
			return err
		}
	}
	return f.Log.Record(ctx, identity.Event{Type: identity.EventMFARemoved, Subject: user.ID, Data: map[string]string{"method": string(was)}})
}

// Strip takes all that a user could prove away, in the transaction of ctx, and tells the log if
// second factors were among it.
func (f *Flow) Strip(ctx context.Context, id identity.UserID) error {
	list, err := f.Accounts.Credentials(ctx, id, "")
	if err != nil {
		return err
	}
	var factors []string
	for _, c := range list {
		if _, err := f.Accounts.Take(ctx, id, c.ID); err != nil {
			return err
		}
		if f.isSecond(c.Method) && !f.IsSpare(c.Method) {
			factors = append(factors, string(c.Method))
		}
	}
	if len(factors) == 0 {
		return nil
	}
	return f.Log.Record(ctx, identity.Event{
		Type: identity.EventMFARemoved, Actor: string(id), Subject: id, Data: map[string]string{"method": strings.Join(factors, " ")},
	})
}

// Disown takes those of the credentials away that a user still has, because they were set up by
// somebody else; in the transaction of ctx.
func (f *Flow) Disown(ctx context.Context, user *identity.User, credentials []identity.CredentialID) error {
	list, err := f.Accounts.Credentials(ctx, user.ID, "")
	if err != nil {
		return err
	}
	for _, c := range list {
		if !slices.Contains(credentials, c.ID) {
			continue
		}
		if _, err := f.Accounts.Take(ctx, user.ID, c.ID); err != nil {
			return err
		}
		if err := f.told(ctx, user.ID, c); err != nil {
			return err
		}
		if err := f.withoutSeconds(ctx, user, c.Method); err != nil {
			return err
		}
	}
	return nil
}

// told tells the log of a credential that is gone.
func (f *Flow) told(ctx context.Context, id identity.UserID, c identity.Credential) error {
	return f.Log.Record(ctx, identity.Event{
		Type: identity.EventCredentialTaken, Subject: id, Data: map[string]string{"method": string(c.Method), "label": c.Label},
	})
}
