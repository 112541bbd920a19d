package authn_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// The owner of an account that others have locked gets one mail whose link opens it again,
// once; whoever locks an address that nobody has is told the same (RAT-12, RAT-14).
func TestUnlock(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		post := &notify.Capture{}
		f := open(t, db, func(c *gatehouse.Config) { c.Mailer = post })
		user := f.person(alice)
		lock := func() (last error) {
			for range 14 {
				_, last = f.try(identity.ModeCookie, another)
				f.wait(16 * time.Second) // the longest pause
			}
			return last
		}
		f.refuses("after too many failures", lock(), identity.ErrLocked)
		_, err := f.try(identity.ModeCookie, passphrase)
		f.refuses("with the right password", err, identity.ErrLocked)
		links := f.mailed(post, "unlock")
		if len(links) != 1 || len(f.events(user, identity.EventLoginLocked)) != 1 {
			f.Fatalf("%d mails", len(links))
		}
		for range 10 {
			f.must(f.Locked(f.Context(), links[0]))
		}
		f.must(f.Unlock(f.Context(), links[0]))
		f.signIn(identity.ModeCookie)
		f.refuses("again", f.Unlock(f.Context(), links[0]), identity.ErrLinkExpired)
		f.refuses("malformed", f.Unlock(f.Context(), "short"), identity.ErrInvalidLink)
		if len(f.events(user, identity.EventLoginUnlocked)) != 1 {
			t.Error("the log does not tell of it")
		}
	})
}

// mailed delivers what waits and returns the tokens of its links to a path.
func (f *fixture) mailed(post *notify.Capture, path string) (tokens []string) {
	f.Helper()
	outbox, ok := f.Mail.(*notify.Outbox)
	if !ok {
		f.Fatal(errors.New("the house has another outbox"))
	}
	_, err := outbox.Deliver(f.Context())
	f.must(err)
	for _, m := range post.List() {
		for _, link := range m.Links {
			if _, token, found := strings.Cut(link, "/"+path+"?token="); found && !slices.Contains(tokens, token) {
				tokens = append(tokens, token)
			}
		}
	}
	return tokens
}
