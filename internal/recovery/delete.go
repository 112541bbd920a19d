package recovery

import (
	"context"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// DeleteAccount removes the caller's account with everything of theirs, and tells them by a
// last mail. Its sessions and families go with it, and without its session no access token is
// accepted. The last administrator is account.ErrLastAdmin.
func (s *Restorer) DeleteAccount(ctx context.Context, id identity.UserID) error {
	return s.Flow.DB.Tx(ctx, func(ctx context.Context) error {
		user, err := s.Accounts.ByID(ctx, id)
		if err != nil {
			return err
		}
		if err := s.Accounts.Delete(ctx, id); err != nil {
			return err
		}
		return s.Flow.Notice(ctx, user, notify.Deleted, notify.Facts{})
	})
}
