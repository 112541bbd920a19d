package account

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// ErrLastAdmin is returned when nobody active would be left who has the role "admin".
var ErrLastAdmin = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "Somebody must remain administrator."}

// SetState enables or disables a user. Disabling raises the generation, so that every
// session, grant and token of the user is refused from the next request on, and stays so
// when the user is enabled again (ASVS V7.4.2).
// It returns identity.ErrNotFound for an unknown user, ErrLastAdmin for the last administrator.
func (s *Store) SetState(ctx context.Context, id identity.UserID, state identity.State) error {
	event, raise := identity.EventUserEnabled, 0
	if state != identity.Active {
		event, raise = identity.EventUserDisabled, 1
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if state != identity.Active {
			if err := s.keepAdmin(ctx, id); err != nil {
				return err
			}
		}
		n, err := s.DB.Exec(ctx, `UPDATE users SET state = $1, generation = generation + $2 WHERE id = $3 AND state <> $1`, string(state), raise, string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return s.exists(ctx, id)
		}
		return s.Log.Record(ctx, identity.Event{Type: event, Subject: id})
	})
}

func (s *Store) exists(ctx context.Context, id identity.UserID) error {
	_, err := s.ByID(ctx, id)
	return err
}

// Rename changes a user's name, which no token claims. It returns identity.ErrNotFound for
// an unknown user.
func (s *Store) Rename(ctx context.Context, id identity.UserID, name string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE users SET name = $1, folded = $2 WHERE id = $3`, name, fold(name), string(id))
		if err == nil && n == 0 {
			err = identity.ErrNotFound
		}
		if err != nil {
			return err
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventUserRenamed, Subject: id})
	})
}

// SetRoles gives the user exactly these roles and raises the version: tokens that claim
// others are TOKEN_OUTDATED at once. The last administrator cannot be taken away:
// ErrLastAdmin.
func (s *Store) SetRoles(ctx context.Context, id identity.UserID, roles []string) error {
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if !slices.Contains(roles, "admin") {
			if err := s.keepAdmin(ctx, id); err != nil {
				return err
			}
		}
		// The row before the roles, so that two callers come one after the other.
		n, err := s.DB.Exec(ctx, `UPDATE users SET version = version + 1 WHERE id = $1`, string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return identity.ErrNotFound
		}
		u, err := s.ByID(ctx, id)
		if err != nil {
			return err
		}
		for _, role := range u.Roles {
			if slices.Contains(roles, role) {
				continue
			}
			if err := s.revoke(ctx, id, role); err != nil {
				return err
			}
		}
		for _, role := range roles {
			if slices.Contains(u.Roles, role) {
				continue
			}
			if err := s.grant(ctx, id, []string{role}); err != nil {
				return err
			}
			if err := s.Log.Record(ctx, identity.Event{Type: identity.EventRoleGranted, Subject: id, Data: map[string]string{"role": role}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// Outdate raises the version of a user, for whoever changes elsewhere what tokens claim of them:
// those there are become TOKEN_OUTDATED. It returns identity.ErrNotFound for an unknown user.
func (s *Store) Outdate(ctx context.Context, id identity.UserID) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE users SET version = version + 1 WHERE id = $1`, string(id))
		if err == nil && n == 0 {
			err = identity.ErrNotFound
		}
		return err
	})
}

func (s *Store) revoke(ctx context.Context, id identity.UserID, role string) error {
	if _, err := s.DB.Exec(ctx, `DELETE FROM user_roles WHERE user_id = $1 AND role = $2`, string(id), role); err != nil {
		return err
	}
	return s.Log.Record(ctx, identity.Event{Type: identity.EventRoleRevoked, Subject: id, Data: map[string]string{"role": role}})
}

// keepAdmin fails when the user is the last active one with the role admin. A house without
// an administrator could only be opened with the database.
func (s *Store) keepAdmin(ctx context.Context, id identity.UserID) error {
	admins, err := s.admins(ctx)
	if err != nil || !slices.Contains(admins, id) {
		return err
	}
	// Two who remove each other must not both pass: touching every row makes the second
	// wait for what the first does. One order for all, so that they never wait crosswise.
	for _, admin := range admins {
		if _, err := s.DB.Exec(ctx, `UPDATE users SET version = version WHERE id = $1`, string(admin)); err != nil {
			return err
		}
	}
	if admins, err = s.admins(ctx); err == nil && slices.Equal(admins, []identity.UserID{id}) {
		err = ErrLastAdmin
	}
	return err
}

// admins returns the active administrators, in the order of their IDs.
func (s *Store) admins(ctx context.Context) ([]identity.UserID, error) {
	return sqldb.All(ctx, s.DB, func(row func(...any) error) (id identity.UserID, err error) {
		err = row(&id)
		return
	}, `SELECT u.id FROM users u JOIN user_roles r ON r.user_id = u.id WHERE r.role = 'admin' AND u.state = 'active' ORDER BY u.id`)
}

// Hold makes whoever else holds the user in a transaction wait: a rule over several rows of
// theirs is then decided by one after the other. It returns identity.ErrNotFound for an
// unknown user.
func (s *Store) Hold(ctx context.Context, id identity.UserID) error {
	n, err := s.DB.Exec(ctx, `UPDATE users SET version = version WHERE id = $1`, string(id))
	if err == nil && n == 0 {
		err = identity.ErrNotFound
	}
	return err
}

// MustResetFor makes the user of a credential choose a new password, if its data is still what it was,
// and reports whether that is new.
func (s *Store) MustResetFor(ctx context.Context, id identity.UserID, credential identity.CredentialID, data []byte) (bool, error) {
	n, err := s.DB.Exec(ctx, `UPDATE users SET must_reset = TRUE WHERE id = $1 AND NOT must_reset
		AND EXISTS (SELECT 1 FROM credentials WHERE id = $2 AND user_id = $1 AND data = $3)`, string(id), string(credential), data)
	return n > 0, err
}

// SetMustReset says whether the user must choose a new password before the next sign-in
// (BRE-05).
func (s *Store) SetMustReset(ctx context.Context, id identity.UserID, must bool) error {
	_, err := s.DB.Exec(ctx, `UPDATE users SET must_reset = $1 WHERE id = $2`, must, string(id))
	return err
}

// Prove notes that a user's address is theirs, and tells the log where that is news. An
// address that is not the user's main one any more proves nothing.
func (s *Store) Prove(ctx context.Context, id identity.UserID, email string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE identifiers SET verified = TRUE
			WHERE kind = 'email' AND value = $1 AND user_id = $2 AND main AND NOT verified`, email, string(id))
		if err != nil || n == 0 {
			return err
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventUserVerified, Actor: string(id), Subject: id})
	})
}

// ChangeEmail gives a user another address in the place of the one they had, proved. One
// that belongs to somebody is ErrTaken; where the user has another one than from meanwhile,
// it is identity.ErrConflict.
func (s *Store) ChangeEmail(ctx context.Context, id identity.UserID, from, to string) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `DELETE FROM identifiers WHERE kind = 'email' AND value = $1 AND user_id = $2 AND main`, from, string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return identity.ErrConflict
		}
		added, err := s.DB.Exec(ctx, `INSERT INTO identifiers (kind, value, user_id, verified, main, created_at)
			VALUES ('email', $1, $2, TRUE, TRUE, $3) ON CONFLICT (kind, value) DO NOTHING`, to, string(id), s.Now().UnixMicro())
		if err != nil {
			return err
		}
		if added == 0 {
			return ErrTaken
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventEmailChanged, Subject: id})
	})
}

// EmailSince returns when an address became the user's, a zero time if it is not.
func (s *Store) EmailSince(ctx context.Context, id identity.UserID, email string) (time.Time, error) {
	var created int64
	found, err := s.DB.Row(ctx, []any{&created}, `SELECT created_at FROM identifiers WHERE kind = 'email' AND value = $1 AND user_id = $2`, email, string(id))
	if err != nil || !found {
		return time.Time{}, err
	}
	return time.UnixMicro(created).UTC(), nil
}

// EndGeneration raises the generation: every session, grant and token of before is refused
// from the next request on.
func (s *Store) EndGeneration(ctx context.Context, id identity.UserID) (generation int64, err error) {
	found, err := s.DB.Change(ctx, []any{&generation}, `UPDATE users SET generation = generation + 1, version = version + 1
		WHERE id = $1 RETURNING generation`, string(id))
	if err == nil && !found {
		err = identity.ErrNotFound
	}
	return generation, err
}

// Delete removes a user with everything of theirs; what the log tells of them stays. It
// returns identity.ErrNotFound for an unknown user, ErrLastAdmin for the last administrator.
func (s *Store) Delete(ctx context.Context, id identity.UserID) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		u, err := s.ByID(ctx, id)
		if err != nil {
			return err
		}
		if err := s.keepAdmin(ctx, id); err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `DELETE FROM challenges WHERE user_id = $1`, string(id)); err != nil {
			return err
		}
		if _, err := s.DB.Exec(ctx, `DELETE FROM users WHERE id = $1`, string(id)); err != nil {
			return err
		}
		return s.Log.Record(ctx, identity.Event{Type: identity.EventUserDeleted, Subject: id, Data: map[string]string{"roles": strings.Join(u.Roles, " ")}})
	})
}
