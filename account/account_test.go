package account_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func TestCreate(t *testing.T) {
	each(t, func(f *fixture) {
		for _, c := range []struct {
			new   account.NewUser
			roles []string
			event string
		}{
			{account.NewUser{Email: "a@example.com"}, []string{"user"}, identity.EventUserCreated},
			{account.NewUser{Email: "b@example.com", Name: "Bob", Verified: true, Roles: []string{"user", "admin"}}, []string{"admin", "user"}, identity.EventUserCreated},
			{account.NewUser{Email: "c@example.com", Roles: []string{}, Event: identity.EventUserRegistered}, []string{}, identity.EventUserRegistered},
		} {
			made, err := f.accounts.Create(f.Context(), c.new)
			f.must(err)
			want := &identity.User{
				ID: made.ID, Email: c.new.Email, EmailVerified: c.new.Verified, Name: c.new.Name,
				State: identity.Active, Roles: c.roles, CreatedAt: start,
			}
			byEmail, err := f.accounts.ByEmail(f.Context(), c.new.Email)
			f.must(err)
			if byID := f.read(made.ID); !reflect.DeepEqual(byID, want) || !reflect.DeepEqual(byEmail, want) {
				f.Errorf("by ID %+v\nby address %+v\nwant %+v", byID, byEmail, want)
			}
			if slices.Sort(made.Roles); !reflect.DeepEqual(made, want) {
				f.Errorf("Create returned %+v\nwant %+v", made, want)
			}
			if got := f.events(made.ID); len(got) != 1 || got[c.event] != 1 {
				f.Errorf("events %v, want one %s", got, c.event)
			}
		}
	})
}

func TestCreateTwice(t *testing.T) {
	each(t, func(f *fixture) {
		f.user("alice")
		_, err := f.accounts.Create(f.Context(), account.NewUser{Email: "alice@example.com"})
		f.refuses("a second alice", err, account.ErrTaken)
		for i := range sqldbtest.Rounds(f) {
			n := account.NewUser{Email: fmt.Sprintf("race%d@example.com", i)}
			if won := f.winners(account.ErrTaken, func(int) error { _, err := f.accounts.Create(f.Context(), n); return err }); won != 1 {
				f.Errorf("%d of 16 got the address", won)
			}
		}
		if n := f.count(`SELECT COUNT(*) FROM users`); n != 1+sqldbtest.Rounds(f) {
			f.Errorf("%d users: losers leave nothing", n)
		}
	})
}

func TestUnknown(t *testing.T) {
	each(t, func(f *fixture) {
		f.user("alice")
		for _, email := range []string{"bob@example.com", "ALICE@example.com", "%", ""} {
			_, err := f.accounts.ByEmail(f.Context(), email)
			f.refuses(email, err, identity.ErrNotFound)
		}
		_, err := f.accounts.ByID(f.Context(), "")
		f.refuses("no ID", err, identity.ErrNotFound)
		_, err = f.accounts.ByID(f.Context(), "usr_0")
		f.refuses("unknown ID", err, identity.ErrNotFound)
	})
}

func TestSearch(t *testing.T) {
	each(t, func(f *fixture) {
		for email, name := range map[string]string{
			"alice@example.com": "Alice ADAMS", "bob_b@example.com": "Bob 100%",
			"bobxb@example.com": `back\slash`, "zoe@example.org": "zo\u00e9", "it@example.org": "O'Neill",
		} {
			_, err := f.accounts.Create(f.Context(), account.NewUser{Email: email, Name: name, Roles: []string{"a", "b"}})
			f.must(err)
		}
		for search, want := range map[string]string{
			"":            "alice bob_b bobxb it zoe",
			"ALICE":       "alice",
			"adams":       "alice",
			"Example.ORG": "it zoe",
			"b":           "bob_b bobxb",
			"bob_":        "bob_b",
			"%":           "bob_b", // a wildcard is a letter like any other
			"_":           "bob_b",
			`\`:           "bobxb",
			"o'n":         "it",
			"zoe\u0301":   "zoe", // as a Mac types it
			"ZO\u00c9":    "zoe", // SQLite alone would fold ASCII only
			" adams ":     "alice",
			"nobody":      "",
			"\x00\xff":    "",
		} {
			users, next, err := f.accounts.List(f.Context(), account.Query{Search: search})
			f.must(err)
			if got := names(users); got != want || next != "" {
				f.Errorf("%q found %q, want %q; next %q", search, got, want, next)
			}
		}
	})
}

// names returns the local parts of the users' addresses in their order of letters.
func names(users []identity.User) string {
	var all []string
	for _, u := range users {
		name, _, _ := strings.Cut(u.Email, "@")
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestPages(t *testing.T) {
	each(t, func(f *fixture) {
		var want []identity.UserID
		f.must(f.db.Tx(f.Context(), func(ctx context.Context) error {
			for i := range 201 {
				if i%2 == 0 { // two of each instant
					f.wait(time.Millisecond)
				}
				u, err := f.accounts.Create(ctx, account.NewUser{Email: fmt.Sprintf("u%d@example.com", i), Roles: []string{"a", "b"}})
				if err != nil {
					return err
				}
				want = append(want, u.ID)
			}
			return nil
		}))
		slices.SortFunc(want, func(a, b identity.UserID) int { return strings.Compare(string(b), string(a)) })
		for limit, page := range map[int]int{0: 50, -1: 50, 7: 7, 67: 67, 200: 200, 1000: 200} {
			if got := f.pages(account.Query{Limit: limit}, page); !slices.Equal(got, want) {
				f.Errorf("limit %d: %d users, not all 201 once, newest first", limit, len(got))
			}
		}
		for _, cursor := range []string{"x", "!", "bm90IG9uZQ"} {
			_, _, err := f.accounts.List(f.Context(), account.Query{Cursor: cursor})
			f.refuses(cursor, err, identity.ErrInvalid)
		}
	})
}

// pages follows the cursors of a query whose pages have so many users, the last one fewer.
func (f *fixture) pages(q account.Query, page int) (ids []identity.UserID) {
	f.Helper()
	for {
		users, next, err := f.accounts.List(f.Context(), q)
		f.must(err)
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		if next == "" {
			return ids
		}
		if len(users) != page {
			f.Fatalf("limit %d: a page of %d", q.Limit, len(users))
		}
		q.Cursor = next
	}
}

func TestCount(t *testing.T) {
	each(t, func(f *fixture) {
		f.user("a", "admin", "user")
		f.user("b", "admin")
		for role, want := range map[string]int{"admin": 2, "user": 1, "nobody": 0} {
			if n, err := f.accounts.Count(f.Context(), role); n != want || err != nil {
				f.Errorf("%s: %d, %v, want %d", role, n, err, want)
			}
		}
	})
}
