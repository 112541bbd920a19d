package verify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/verify"
)

func list(words ...string) []string { return words }

func ownedBy(user identity.UserID) func(*http.Request) (identity.UserID, error) {
	return func(*http.Request) (identity.UserID, error) { return user, nil }
}

func missing(*http.Request) (identity.UserID, error) { return "", identity.ErrNotFound }

func org(id identity.TenantID) func(*http.Request) identity.TenantID {
	return func(*http.Request) identity.TenantID { return id }
}

const none = "none" // instead of claims: no token at all

// Everything that a route can demand, and to whom it opens (AUZ-04, AUZ-17, AUZ-21, BUG-10,
// BUG-36, ZTR-03).
var demands = []struct {
	name   string
	demand verify.Demand
	token  any // claims, or the token itself
	want   string
}{
	{"anybody who is signed in", verify.Demand{}, object{}, "200"},
	{"nobody", verify.Demand{}, none, "401 NO_CREDENTIALS"},
	{"a token of nonsense", verify.Demand{}, "x.y.z", "401 INVALID_TOKEN"},
	{"an old token", verify.Demand{}, object{"exp": start.Add(-time.Hour).Unix()}, "401 TOKEN_EXPIRED"},
	{"a token for something else", verify.Demand{}, object{"scope": "read"}, "403 INSUFFICIENT_SCOPE"},
	{"a token for something else, with the role", verify.Demand{Roles: list("user")}, object{"scope": "read", "roles": list("user")}, "403 INSUFFICIENT_SCOPE"},
	{"a client", verify.Demand{}, object{"sub": "cli_1", "client_id": "cli_1", "sid": nil}, "403 INSUFFICIENT_SCOPE"},

	{"public", verify.Demand{Public: true}, none, "200"},
	{"public, nonsense", verify.Demand{Public: true}, "x.y.z", "200"},
	{"public, limited", verify.Demand{Public: true}, object{"scope": "read"}, "200"},
	{"public, but a role", verify.Demand{Public: true, Roles: list("user")}, none, "401 NO_CREDENTIALS"},
	{"public, but a scope", verify.Demand{Public: true, Scopes: list("read")}, none, "401 NO_CREDENTIALS"},
	{"public, but a permission", verify.Demand{Public: true, Permission: "posts:read"}, "x", "401 NO_CREDENTIALS"},
	{"public, but owned", verify.Demand{Public: true, Owner: ownedBy("")}, none, "401 NO_CREDENTIALS"},
	{"public, but fresh", verify.Demand{Public: true, Fresh: time.Minute}, none, "401 NO_CREDENTIALS"},
	{"public, but of an organization", verify.Demand{Public: true, Organization: org("")}, none, "401 NO_CREDENTIALS"},

	{"the role", verify.Demand{Roles: list("editor", "admin")}, object{"roles": list("user", "admin")}, "200"},
	{"another role", verify.Demand{Roles: list("admin")}, object{"roles": list("administrator", "Admin")}, "403 INSUFFICIENT_PERMISSIONS"},
	{"the role in an organization", verify.Demand{Roles: list("admin")}, object{"org": "org_1", "org_roles": list("admin")}, "403 INSUFFICIENT_PERMISSIONS"},

	{"the scope", verify.Demand{Scopes: list("export:csv")}, object{"scope": "read export:csv"}, "200"},
	{"a longer scope", verify.Demand{Scopes: list("export:csv")}, object{"scope": "export:csv-all"}, "403 INSUFFICIENT_SCOPE"},
	{"a shorter scope", verify.Demand{Scopes: list("export:csv")}, object{"scope": "export export:"}, "403 INSUFFICIENT_SCOPE"},
	{"one of two scopes", verify.Demand{Scopes: list("read", "write")}, object{"scope": "read"}, "403 INSUFFICIENT_SCOPE"},
	{"no scope", verify.Demand{Scopes: list("read")}, object{}, "403 INSUFFICIENT_SCOPE"},
	{"the scope in an organization", verify.Demand{Scopes: list("read")}, object{"scope": "read", "org": "org_1"}, "403 INSUFFICIENT_SCOPE"},
	{"the scope there", verify.Demand{Scopes: list("read"), Organization: org("org_1")}, object{"scope": "read", "org": "org_1"}, "200"},
	{"a client with the scope", verify.Demand{Scopes: list("read")}, object{"sub": "cli_1", "client_id": "cli_1", "sid": nil, "scope": "read"}, "200"},

	{"the permission", verify.Demand{Permission: "posts:delete"}, object{"perms": list("posts:delete")}, "200"},
	{"another permission", verify.Demand{Permission: "posts:delete"}, object{"perms": list("posts:read", "posts:delete-all")}, "403 INSUFFICIENT_PERMISSIONS"},
	{"no permissions told", verify.Demand{Permission: "posts:delete"}, object{"roles": list("admin")}, "403 INSUFFICIENT_PERMISSIONS"},
	{"only their own, and no owner", verify.Demand{Permission: "posts:delete"}, object{"perms": list("posts:delete:own")}, "403 INSUFFICIENT_PERMISSIONS"},
	{"limited to others", verify.Demand{Permission: "posts:delete"}, object{"perms": list("posts:delete"), "scope": "posts:read"}, "403 INSUFFICIENT_SCOPE"},
	{"limited to it", verify.Demand{Permission: "posts:delete"}, object{"perms": list("posts:delete"), "scope": "posts:delete"}, "200"},
	{"limited to it, without it", verify.Demand{Permission: "posts:delete"}, object{"perms": list("posts:read"), "scope": "posts:delete"}, "403 INSUFFICIENT_PERMISSIONS"},
	{"limited to the scope of the route", verify.Demand{Permission: "posts:delete", Scopes: list("posts")}, object{"perms": list("posts:delete"), "scope": "posts"}, "200"},
	{"limited, and an empty list of scopes", verify.Demand{Permission: "posts:delete", Scopes: list()}, object{"perms": list("posts:delete"), "scope": "x"}, "403 INSUFFICIENT_SCOPE"},
	{"what they may in an organization", verify.Demand{Permission: "posts:delete"}, object{"perms": list("posts:delete"), "org": "org_1"}, "403 INSUFFICIENT_PERMISSIONS"},
	{"there", verify.Demand{Permission: "posts:delete", Organization: org("org_1")}, object{"perms": list("posts:delete"), "org": "org_1"}, "200"},
	{"in another", verify.Demand{Permission: "posts:delete", Organization: org("org_2")}, object{"perms": list("posts:delete"), "org": "org_1"}, "404 NOT_FOUND"},
	{"in none", verify.Demand{Organization: org("org_1")}, object{}, "404 NOT_FOUND"},
	{"of none", verify.Demand{Organization: org("")}, object{}, "404 NOT_FOUND"},

	{"their own", verify.Demand{Permission: "posts:delete", Owner: ownedBy("usr_ada")}, object{"perms": list("posts:delete:own")}, "200"},
	{"somebody else's", verify.Demand{Permission: "posts:delete", Owner: ownedBy("usr_bob")}, object{"perms": list("posts:delete:own")}, "404 NOT_FOUND"},
	{"anybody's", verify.Demand{Permission: "posts:delete", Owner: ownedBy("usr_bob")}, object{"perms": list("posts:delete")}, "200"},
	{"anybody's, limited to their own", verify.Demand{Permission: "posts:delete", Owner: ownedBy("usr_bob")}, object{"perms": list("posts:delete"), "scope": "posts:delete:own"}, "404 NOT_FOUND"},
	{"nobody's", verify.Demand{Permission: "posts:delete", Owner: ownedBy("")}, object{"perms": list("posts:delete:own"), "sub": "cli_1", "client_id": "cli_1", "sid": nil, "scope": "posts:delete"}, "404 NOT_FOUND"},
	{"what is not there", verify.Demand{Permission: "posts:delete", Owner: missing}, object{"perms": list("posts:delete")}, "404 NOT_FOUND"},
	{"what is not there, without the permission", verify.Demand{Permission: "posts:delete", Owner: missing}, object{"perms": list("posts:read")}, "403 INSUFFICIENT_PERMISSIONS"},
	{"their own, no permission asked", verify.Demand{Owner: ownedBy("usr_ada")}, object{}, "200"},
	{"another's, no permission asked", verify.Demand{Owner: ownedBy("usr_bob")}, object{"roles": list("admin")}, "404 NOT_FOUND"},

	{"proved just now", verify.Demand{Fresh: time.Minute}, object{"auth_time": start.Add(-time.Minute).Unix()}, "200"},
	{"proved long ago", verify.Demand{Fresh: time.Minute}, object{"auth_time": start.Add(-61 * time.Second).Unix()}, "401 STALE_TOKEN"},
	{"never proved", verify.Demand{Fresh: time.Minute}, object{"auth_time": nil}, "401 STALE_TOKEN"},
}

func TestDemands(t *testing.T) {
	i := newIssuer(t)
	v := i.guard()
	for n, d := range demands {
		token, _ := d.token.(string)
		if claims, ok := d.token.(object); ok {
			claims["jti"] = d.name
			token = i.token(claims)
		} else if token == none {
			token = ""
		}
		w := send(v.Require(d.demand)(hello), token)
		if got := verdict(w); got != d.want {
			t.Errorf("%d %s: %s, want %s", n, d.name, got, d.want)
		}
	}
}

// The field Authorization is read as RFC 9110 and RFC 6750 write it, and nothing else is (BUG-11,
// BUG-45).
func TestAuthorization(t *testing.T) {
	i := newIssuer(t)
	h, good := i.guard().Protect(verify.Demand{}, hello), i.token(nil)
	for value, want := range map[string]string{
		"Bearer GOOD": "200", "bearer GOOD": "200", "BEARER GOOD": "200", "": "401 NO_CREDENTIALS",
		"GOOD": "401 INVALID_TOKEN", "Bearer": "401 INVALID_TOKEN", "Bearer ": "401 INVALID_TOKEN", "Bearer  GOOD": "401 INVALID_TOKEN",
		"Bearer GOOD ": "401 INVALID_TOKEN", "Bearer GOOD GOOD": "401 INVALID_TOKEN", "Bearer GOOD,": "401 INVALID_TOKEN", "Bearer\tGOOD": "401 INVALID_TOKEN",
		"Basic GOOD": "401 INVALID_TOKEN", "BearerGOOD": "401 INVALID_TOKEN", " Bearer GOOD": "401 INVALID_TOKEN", "Bearer Bearer GOOD": "401 INVALID_TOKEN",
		"Bearer GOOD|Bearer GOOD": "400 VALIDATION_FAILED", "Bearer GOOD|": "400 VALIDATION_FAILED",
	} {
		r := httptest.NewRequest(http.MethodGet, "/?access_token="+good, strings.NewReader("access_token="+good))
		r.Header.Set("Cookie", "accessToken="+good)
		r.Header.Set("X-Api-Key", good)
		r.Header["Authorization"] = strings.Split(strings.ReplaceAll(value, "GOOD", good), "|")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := verdict(w); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

// What a refusal says, to the caller and to the log (RFC 6750 section 3, RFC 9470 section 3).
func TestAnswers(t *testing.T) {
	i := newIssuer(t)
	log := &bytes.Buffer{}
	v := i.guard(func(c *verify.Config) {
		c.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	stale := object{"auth_time": start.Add(-time.Hour).Unix()}
	broken := func(*http.Request) (identity.UserID, error) { return "", errors.New("disk of ours") }
	for _, c := range []struct {
		demand           verify.Demand
		token            string
		challenge, cause string
	}{
		{verify.Demand{}, "", `Bearer realm="gatehouse"`, "NO_CREDENTIALS"},
		{verify.Demand{}, "x", `Bearer realm="gatehouse", error="invalid_token", error_description="This token is not valid."`, "malformed"},
		{
			verify.Demand{Fresh: 5 * time.Minute},
			i.token(stale),
			`Bearer realm="gatehouse", error="insufficient_user_authentication", error_description="Please confirm that it is you.", max_age=300`, "step=fresh",
		},
		{
			verify.Demand{Scopes: list("a", "b")},
			i.token(object{"scope": "b"}),
			`Bearer realm="gatehouse", error="insufficient_scope", error_description="This credential may not be used for this.", scope="a b"`, "scope a",
		},
		{verify.Demand{Permission: "posts:read"}, i.token(nil), "", "no claim perms"},
		{verify.Demand{Owner: broken}, i.token(nil), "", "disk of ours"},
	} {
		log.Reset()
		w := send(v.Protect(c.demand, hello), c.token)
		if got := w.Header().Get("WWW-Authenticate"); got != c.challenge {
			t.Errorf("%s", got)
		}
		var body struct{ Error, RequestID string }
		i.must(json.Unmarshal(w.Body.Bytes(), &body))
		id := w.Header().Get("X-Request-Id")
		if body.Error == "" || body.RequestID != id || !strings.HasPrefix(id, "req_") || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s %v", w.Body, w.Header())
		}
		if text := log.String(); !strings.Contains(text, c.cause) || !strings.Contains(text, id) || c.token != "x" && c.token != "" && strings.Contains(text, c.token) {
			t.Errorf("%q in the log: %s", c.cause, text)
		}
		if strings.Contains(w.Body.String(), "disk") {
			t.Errorf("the cause is told: %s", w.Body)
		}
	}
}

// A Demand that could open to nobody is found when the program starts.
func TestFaults(t *testing.T) {
	i := newIssuer(t)
	v := i.guard(func(c *verify.Config) { c.ClientID, c.ClientSecret = "", "" })
	for name, d := range map[string]verify.Demand{
		"nobody may ask":  {Introspect: true},
		"a pattern":       {Permission: "posts:*"},
		"an owner's":      {Permission: "posts:delete:own"},
		"two permissions": {Permission: "posts:read posts:write"},
		"two scopes":      {Scopes: list("read write")},
		"an empty scope":  {Scopes: list("")},
		"of the future":   {Fresh: -1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error(name)
				}
			}()
			v.Protect(d, hello)
		}()
	}
}

// The handler knows the caller, and nobody where anyone may call.
func TestHandler(t *testing.T) {
	i := newIssuer(t)
	v := i.guard()
	for token, want := range map[string]string{i.token(nil): "usr_ada", "": "", "x": ""} {
		if w := send(v.Protect(verify.Demand{Public: true}, hello), token); w.Body.String() != want {
			t.Errorf("%q is called %q", want, w.Body)
		}
	}
}
