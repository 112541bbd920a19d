package basic_test

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/basic"
	"github.com/gatehouse-id/gatehouse/scheme/schemetest"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A fixture is a scheme with one client, and a clock that stands still until somebody waits.
type fixture struct {
	testing.TB
	*basic.Scheme
	client *identity.Client
	secret string
	clock  time.Time
}

func open(t testing.TB, db *sqldb.DB, public string) *fixture {
	t.Helper()
	at, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{TB: t, clock: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	now := func() time.Time { return f.clock }
	log := &audit.Log{DB: db, Now: now}
	f.Scheme = &basic.Scheme{
		Site:    &web.Site{Public: at, Now: now, Log: slog.New(slog.NewTextHandler(t.Output(), nil))},
		Clients: &client.Store{DB: db, Log: log, Now: now, Allowed: func([]string, []string) error { return nil }},
		Limiter: &throttle.Limiter{Store: ephemeral.Memory(now), Now: now}, Log: log,
	}
	f.client, f.secret, err = f.Clients.Create(t.Context(), client.New{Name: "Billing", Roles: []string{"user"}, Scopes: []string{"posts:read"}})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func field(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

func with(value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", value) }
}

// try sends the field from an address.
func (f *fixture) try(from, value string) (*identity.Principal, error) {
	r := httptest.NewRequestWithContext(identity.WithOrigin(f.Context(), &identity.Origin{IP: from}), http.MethodGet, "/", nil)
	with(value)(r)
	return f.Authenticate(r)
}

// Every wrong field is refused, and falls through to no other scheme (BAS-02, BUG-11, BUG-34).
func TestScheme(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db, "https://id.example.com")
		id, good := string(f.client.ID), field(string(f.client.ID), f.secret)
		bad := map[string]func(*http.Request){}
		for name, value := range map[string]string{
			"wrong secret": field(id, "gcs_wrong"), "unknown": field("cli_unknown", f.secret), "swapped": field(f.secret, id),
			"no secret": field(id, ""), "no id": field("", f.secret), "no colon": "Basic " + base64.StdEncoding.EncodeToString([]byte(id)),
			"nothing": "Basic", "only a space": "Basic ", "two spaces": strings.Replace(good, " ", "  ", 1), "tab": strings.Replace(good, " ", " \t", 1),
			"two credentials": good + ", " + good, "a space behind": good + " ", "not base64": "Basic !" + good[7:], "a line end": good[:20] + "\r\n" + good[20:],
			"url alphabet": "Basic _-_-", "unpadded": strings.TrimRight("Basic "+base64.StdEncoding.EncodeToString([]byte(id+":x")), "="),
			"stray bits": "Basic YTpiZB==", "control": field(id, f.secret+"\x00"), "not UTF-8": field(id, f.secret+"\xff"), "long": "Basic " + strings.Repeat("A", 4096),
		} {
			bad[name] = with(value)
		}
		schemetest.Run(t, schemetest.Case{
			Scheme: f, Good: with(good), Client: f.client.ID, Bad: bad,
			Foreign: map[string]string{"Authorization": "Bearer x", "X-API-Key": "sk_live_unknown"},
			Revoke: func() {
				if err := f.Clients.SetState(t.Context(), f.client.ID, identity.Disabled); err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}

// Only a client is ever signed in, with its own roles and scopes (BAS-01); the name of the scheme
// has no case (RFC 9110 section 11.1), and both parts may be encoded as in a form (RFC 6749
// section 2.3.1).
func TestPrincipal(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), "https://id.example.com")
	id := string(f.client.ID)
	encoded := func(s string) string { return strings.NewReplacer("_", "%5F", "-", "%2d").Replace(s) }
	for _, value := range []string{field(id, f.secret), "bASIC" + field(id, f.secret)[5:], field(encoded(id), encoded(f.secret))} {
		p, err := f.try("192.0.2.1", value)
		if err != nil || p.Scheme != identity.SchemeBasic || p.Scheme != f.ID() || p.UserID != "" || p.ClientID != f.client.ID ||
			strings.Join(p.Roles, " ") != "user" || strings.Join(p.Scopes, " ") != "posts:read" || !p.AuthTime.IsZero() || p.Cookie {
			t.Errorf("%s: %+v, %v", value, p, err)
		}
	}
	if f.Challenge() != `Basic realm="gatehouse", charset="UTF-8"` {
		t.Error(f.Challenge())
	}
}

// Over plain http the field is refused before it is read, right or wrong (BAS-01).
func TestPlain(t *testing.T) {
	db := sqldbtest.SQLite(t)
	for _, c := range []struct {
		public, proto string
		opens         bool
	}{
		{"https://id.example.com", "", true},
		{"https://id.example.com", "https", true},
		{"https://id.example.com", "http", false},
		{"http://id.example.com", "", false},
		{"http://localhost:8080", "", true},
		{"http://127.0.0.1:8080", "", true},
	} {
		f := open(t, db, c.public)
		for secret, opens := range map[string]bool{f.secret: c.opens, "gcs_wrong": false} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			with(field(string(f.client.ID), secret))(r)
			r.Header.Set("X-Forwarded-Proto", c.proto)
			p, err := f.Authenticate(r)
			if (p != nil) != opens || !c.opens && identity.KindOf(err) != identity.Invalid {
				t.Errorf("%s, proxy says %q: %+v, %v", c.public, c.proto, p, err)
			}
		}
	}
}

// After a hundred failures an address is refused whatever it sends, until the window ends (BAS-02).
func TestAddressLimit(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db, "https://id.example.com")
		good := field(string(f.client.ID), f.secret)
		for i := range 100 {
			if _, err := f.try("192.0.2.1", field("cli_"+strings.Repeat("x", i), "gcs_wrong")); !errors.Is(err, identity.ErrRejected) {
				t.Fatalf("failure %d: %v", i, err)
			}
		}
		var e *identity.Error
		if _, err := f.try("192.0.2.1", good); !errors.As(err, &e) || e.Code != "RATE_LIMITED" || e.RetryAfter != 15*time.Minute {
			t.Errorf("%v", err)
		}
		if p, err := f.try("192.0.2.2", good); p == nil {
			t.Errorf("another address: %v", err)
		}
		f.clock = f.clock.Add(15 * time.Minute)
		if p, err := f.try("192.0.2.1", good); p == nil {
			t.Errorf("later: %v", err)
		}
	})
}

// Guesses at one ID are limited whether or not it is a client's, wherever they come from (RAT-14);
// the client itself is not locked out, and its right requests count nothing.
func TestClientLimit(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), "https://id.example.com")
	for _, id := range []string{string(f.client.ID), "cli_unknown"} {
		for i := range 11 {
			want := identity.ErrRejected
			if i == 10 {
				want = identity.ErrRateLimited
			}
			if _, err := f.try("192.0.2."+string(rune('0'+i%10)), field(id, "gcs_wrong")); !errors.Is(err, want) {
				t.Errorf("%s, failure %d: %v", id, i, err)
			}
		}
	}
	for range 300 {
		if p, err := f.try("192.0.2.1", field(string(f.client.ID), f.secret)); p == nil {
			t.Fatal(err)
		}
	}
	f.Limiter.Off = true
	if _, err := f.try("192.0.2.1", field(string(f.client.ID), "gcs_wrong")); !errors.Is(err, identity.ErrRejected) {
		t.Errorf("without limits: %v", err)
	}
}

// Failures are told once a minute for an ID and an address (CON-16).
func TestRejectedEvent(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), "https://id.example.com")
	for range 3 {
		_, _ = f.try("192.0.2.1", field("cli_unknown", "gcs_wrong"))
	}
	_, _ = f.try("192.0.2.2", field("cli_unknown", "gcs_wrong"))
	events, _, err := f.Scheme.Log.List(t.Context(), audit.Query{})
	if err != nil || len(events) != 3 { // with client.created
		t.Fatalf("%+v, %v", events, err)
	}
	for _, e := range events {
		if e.Type == identity.EventClientRejected && e.Data["client"] != "cli_unknown" {
			t.Errorf("%+v", e)
		}
	}
}

// BenchmarkAuthenticate is a request of a service that is let in.
func BenchmarkAuthenticate(b *testing.B) {
	f := open(b, sqldbtest.SQLite(b), "https://id.example.com")
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
	with(field(string(f.client.ID), f.secret))(r)
	for b.Loop() {
		if p, err := f.Authenticate(r); p == nil {
			b.Fatal(err)
		}
	}
}
