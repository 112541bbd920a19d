package client

import (
	"context"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A Change says what is to be different; nil leaves a thing as it is.
type Change struct {
	Name   *string
	Roles  []string
	Scopes []string
	URI    *string // "" takes it away
}

// Change changes a client. Other roles or scopes raise its version, so that the tokens that claim
// the old ones are TOKEN_OUTDATED at once. It returns identity.ErrInvalid, ErrTaken for the URI of
// another client, identity.ErrNotFound for an unknown client.
func (s *Store) Change(ctx context.Context, id identity.ClientID, to Change) error {
	name, uri := "-", ""
	if to.Name != nil {
		name = *to.Name
	}
	if to.URI != nil {
		uri = *to.URI
	}
	if err := s.check(name, uri, to.Roles, to.Scopes); err != nil {
		return err
	}
	roles, scopes := some(to.Roles), some(to.Scopes)
	err := s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.touch(ctx, id, `UPDATE clients SET
				version = version + CASE WHEN roles <> COALESCE($2, roles) OR scopes <> COALESCE($3, scopes) THEN 1 ELSE 0 END,
				roles = COALESCE($2, roles), scopes = COALESCE($3, scopes), name = COALESCE($4, name), uri = COALESCE($5, uri)
			WHERE id = $1`, roles, scopes, to.Name, to.URI); err != nil {
			return err
		}
		return s.record(ctx, identity.EventClientChanged, id,
			"name", told(to.Name), "roles", told(roles), "scopes", told(scopes), "uri", told(to.URI))
	})
	if s.DB.Exists(err) {
		return ErrTaken.Because(err)
	}
	return err
}

// some returns the words of a list, nil for none that was given.
func some(list []string) *string {
	if list == nil {
		return nil
	}
	text := words(set(list))
	return &text
}

// told is what the log says of a new value: an empty one is told too.
func told(text *string) string {
	switch {
	case text == nil:
		return ""
	case *text == "":
		return "-"
	default:
		return *text
	}
}

// SetState enables or disables a client. Either raises its version: the tokens of a disabled
// client are refused from the next request on, and stay so when it is enabled again. It returns
// identity.ErrNotFound for an unknown client.
func (s *Store) SetState(ctx context.Context, id identity.ClientID, state identity.State) error {
	event := identity.EventClientEnabled
	if state != identity.Active {
		event = identity.EventClientDisabled
	}
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		n, err := s.DB.Exec(ctx, `UPDATE clients SET state = $1, version = version + 1 WHERE id = $2 AND state <> $1`, string(state), string(id))
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := s.ByID(ctx, id)
			return err
		}
		return s.record(ctx, event, id)
	})
}

// Delete removes a client with its secrets; its tokens are refused from the next request on. It
// returns identity.ErrNotFound for an unknown client.
func (s *Store) Delete(ctx context.Context, id identity.ClientID) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		if err := s.touch(ctx, id, `DELETE FROM clients WHERE id = $1`); err != nil {
			return err
		}
		return s.record(ctx, identity.EventClientDeleted, id)
	})
}

// touch runs a statement on the row of a client, which is its first parameter.
func (s *Store) touch(ctx context.Context, id identity.ClientID, statement string, args ...any) error {
	n, err := s.DB.Exec(ctx, statement, append([]any{string(id)}, args...)...)
	if err == nil && n == 0 {
		err = identity.ErrNotFound
	}
	return err
}
