package client_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/identity"
)

func TestCreate(t *testing.T) {
	each(t, func(f *fixture) {
		c, secret := f.client(client.New{Name: "Billing", Roles: []string{"user", "user"}, Scopes: []string{"posts:read", "export:csv"}, URI: "spiffe://example.com/billing"})
		if got := f.read(c.ID); !strings.HasPrefix(string(c.ID), "cli_") || got.Name != "Billing" || got.State != identity.Active ||
			!slices.Equal(got.Roles, []string{"user"}) || !slices.Equal(got.Scopes, []string{"export:csv", "posts:read"}) ||
			!got.CreatedAt.Equal(c.CreatedAt) || !got.UsedAt.IsZero() {
			f.Errorf("%+v", got)
		}
		by, err := f.clients.ByURI(f.Context(), "spiffe://example.com/billing")
		if f.must(err); by.ID != c.ID {
			f.Errorf("%+v", by)
		}
		for _, uri := range []string{"", "spiffe://example.com/billin", "spiffe://example.com/billing/", "SPIFFE://example.com/billing"} {
			_, err := f.clients.ByURI(f.Context(), uri)
			f.refuses(uri, err, identity.ErrNotFound)
		}
		_, _, err = f.clients.Create(f.Context(), client.New{Name: "Other", URI: "spiffe://example.com/billing"})
		f.refuses("the URI of another", err, client.ErrTaken)
		f.refuses("its secret", f.opens(c.ID, secret), nil)
		// Without scopes it is limited to none, which is not the same as not limited.
		if bare, _ := f.client(client.New{Name: "Bare"}); f.read(bare.ID).Scopes == nil || bare.Scopes == nil {
			f.Error("not limited by scopes")
		}
	})
}

// What no policy knows is not given, and what no certificate carries is no URI.
func TestCheck(t *testing.T) {
	each(t, func(f *fixture) {
		for want, n := range map[string]client.New{
			"name":   {},
			"scopes": {Name: "x", Scopes: []string{"everything"}},
			"roles":  {Name: "x", Roles: []string{"emperor"}},
		} {
			f.invalid(n, want)
		}
		for _, name := range []string{" x", "x\n", "\x00", "\xff", strings.Repeat("x", 101)} {
			f.invalid(client.New{Name: name}, "name")
		}
		for _, uri := range []string{"billing", "/billing", "spiffe://", "https://a@b/c", "https://b/?c", "https://b/?", "https://b/#", "https://b/#c", "https://b/ c", "https://b/\n", "mailto:a@b"} {
			f.invalid(client.New{Name: "x", URI: uri}, "uri")
		}
		c, _ := f.client(client.New{Name: "x", Scopes: []string{"introspect"}})
		emperor := client.Change{Roles: []string{"emperor"}}
		f.refuses("another role", f.clients.Change(f.Context(), c.ID, emperor), identity.ErrInvalid)
	})
}

func (f *fixture) invalid(n client.New, member string) {
	f.Helper()
	_, _, err := f.clients.Create(f.Context(), n)
	f.refuses(n.Name+n.URI, err, identity.ErrInvalid)
	if err == nil || !strings.Contains(problems(err), member) {
		f.Errorf("%+v: %v does not name %s", n, err, member)
	}
}

func TestList(t *testing.T) {
	each(t, func(f *fixture) {
		var want, got []string
		for i := range 5 {
			c, _ := f.client(client.New{Name: strconv.Itoa(i)})
			want = append(want, string(c.ID))
		}
		slices.Reverse(want)
		for cursor, more := "", true; more; more = cursor != "" {
			list, next, err := f.clients.List(f.Context(), cursor, 2)
			f.must(err)
			for _, c := range list {
				got = append(got, string(c.ID))
			}
			cursor = next
		}
		if !slices.Equal(got, want) {
			f.Errorf("%v, want %v", got, want)
		}
		_, _, err := f.clients.List(f.Context(), "nonsense", 0)
		f.refuses("a cursor that is none", err, identity.ErrInvalid)
	})
}

// Whatever a token claims of a client raises its version; what it does not claim leaves it.
func TestChange(t *testing.T) {
	each(t, func(f *fixture) {
		c, secret := f.client(client.New{Name: "x", Scopes: []string{"posts:read"}})
		name, uri, none := "y", "spiffe://example.com/y", ""
		for _, step := range []struct {
			to      client.Change
			version int64
		}{
			{client.Change{Name: &name, URI: &uri}, 0},
			{client.Change{Scopes: []string{"posts:read"}}, 0},
			{client.Change{Roles: []string{"user"}}, 1},
			{client.Change{Scopes: []string{"export:csv"}}, 2},
			{client.Change{Roles: []string{}, Scopes: []string{}}, 3},
			{client.Change{URI: &none}, 3},
		} {
			f.must(f.clients.Change(f.Context(), c.ID, step.to))
			if got := f.read(c.ID); got.Version != step.version || got.Name != "y" {
				f.Errorf("%+v: %+v", step.to, got)
			}
		}
		if got := f.read(c.ID); got.URI != "" || len(got.Roles) != 0 || len(got.Scopes) != 0 {
			f.Errorf("%+v", got)
		}
		f.must(f.clients.SetState(f.Context(), c.ID, identity.Disabled))
		f.must(f.clients.SetState(f.Context(), c.ID, identity.Disabled)) // once more changes nothing
		f.refuses("a disabled client", f.opens(c.ID, secret), identity.ErrRejected)
		f.must(f.clients.SetState(f.Context(), c.ID, identity.Active))
		f.refuses("an enabled client", f.opens(c.ID, secret), nil)
		if got := f.read(c.ID); got.Version != 5 {
			f.Errorf("%+v", got)
		}
		f.must(f.clients.Delete(f.Context(), c.ID))
		f.refuses("a deleted client", f.opens(c.ID, secret), identity.ErrRejected)
		if n := f.count(`SELECT COUNT(*) FROM client_secrets`); n != 0 {
			f.Errorf("%d secrets are left", n)
		}
		want := strings.Repeat("client.changed ", 6) + "client.created client.deleted client.disabled client.enabled"
		if got := f.events(); got != want {
			f.Errorf("%s, want %s", got, want)
		}
	})
}

func TestUnknown(t *testing.T) {
	each(t, func(f *fixture) {
		for what, err := range map[string]error{
			"change":  f.clients.Change(f.Context(), "cli_none", client.Change{Roles: []string{}}),
			"disable": f.clients.SetState(f.Context(), "cli_none", identity.Disabled),
			"delete":  f.clients.Delete(f.Context(), "cli_none"),
		} {
			f.refuses(what, err, identity.ErrNotFound)
		}
		_, err := f.clients.Rotate(f.Context(), "cli_none", time.Hour)
		f.refuses("rotate", err, identity.ErrNotFound)
		taken := "spiffe://example.com/a"
		f.client(client.New{Name: "a", URI: taken})
		b, _ := f.client(client.New{Name: "b"})
		f.refuses("a URI that is taken", f.clients.Change(f.Context(), b.ID, client.Change{URI: &taken}), client.ErrTaken)
	})
}
