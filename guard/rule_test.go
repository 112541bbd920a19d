package guard_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// of returns u as it has proved itself by a scheme, with a credential limited to scopes, if any.
func of(u *identity.Principal, scheme identity.SchemeID, scopes ...string) *identity.Principal {
	u.Scheme = scheme
	if scopes != nil {
		u.Scopes = scopes
	}
	return u
}

// A credential of a scheme that the rule does not name is refused, and so is one that is limited
// by scopes where the rule says nothing of what it is for (ZTR-03, KEY-06).
func TestRuleSchemes(t *testing.T) {
	f := open(t)
	byKey := guard.Rule{Schemes: []identity.SchemeID{identity.SchemeAPIKey, identity.SchemeMTLS}}
	for _, c := range []struct {
		what   string
		caller *identity.Principal
		rule   guard.Rule
		status int
		code   string
	}{
		{"one of two", of(user("usr_1"), identity.SchemeMTLS), byKey, 204, ""},
		{"a key that is limited", of(user("usr_1"), identity.SchemeAPIKey, "read"), byKey, 204, ""},
		{"another", of(user("usr_1"), identity.SchemeBearer), byKey, 403, "INSUFFICIENT_SCOPE"},
		{"another, on a public route", of(user("usr_1"), identity.SchemeBearer), guard.Rule{Public: true, Schemes: byKey.Schemes}, 403, "INSUFFICIENT_SCOPE"},
		{"nobody, on a public route", nil, guard.Rule{Public: true, Schemes: byKey.Schemes}, 401, "NO_CREDENTIALS"},
		{"none named", of(user("usr_1"), identity.SchemeAPIKey), guard.Rule{}, 204, ""},
		{"none named, a key that is limited", of(user("usr_1"), identity.SchemeAPIKey, "read"), guard.Rule{}, 403, "INSUFFICIENT_SCOPE"},
		{"none named, a key for nothing", of(user("usr_1"), identity.SchemeAPIKey, []string{}...), guard.Rule{}, 403, "INSUFFICIENT_SCOPE"},
		{"public, a key that is limited", of(user("usr_1"), identity.SchemeAPIKey, "read"), guard.Rule{Public: true}, 204, ""},
	} {
		f.caller = c.caller
		f.is(c.what, f.ask(c.what, c.rule), c.status, c.code)
	}
}

// A challenger is a scheme that a 401 can ask for.
type challenger struct {
	found
	id identity.SchemeID
}

func (c challenger) ID() identity.SchemeID { return c.id }
func (c challenger) Challenge() string     { return string(c.id) + ` realm="gatehouse"` }

// A 401 asks for the schemes that the rule names, in its order, and never for another: a browser
// would open a dialog for Basic (RFC 9110 section 11.6.1, KEY-10, BAS-02).
func TestRuleChallenges(t *testing.T) {
	f := open(t)
	silent := found(func(*http.Request) (*identity.Principal, error) { return nil, nil })
	f.Schemes = append(f.Schemes, challenger{silent, identity.SchemeBasic}, challenger{silent, identity.SchemeAPIKey})
	house, basic, key := `Bearer realm="gatehouse"`, `basic realm="gatehouse"`, `api-key realm="gatehouse"`
	for _, c := range []struct {
		what    string
		schemes []identity.SchemeID
		fault   error
		message string
		want    []string
	}{
		{"none named", nil, nil, "Please sign in.", []string{house}},
		{"key", []identity.SchemeID{identity.SchemeAPIKey}, nil, "API key required", []string{key}},
		{"a bad key", []identity.SchemeID{identity.SchemeAPIKey}, identity.ErrAPIKey, "Invalid API key", []string{key}},
		{"two", []identity.SchemeID{identity.SchemeAPIKey, identity.SchemeBasic}, nil, "Please sign in.", []string{key, basic}},
		{"the house's own too", []identity.SchemeID{identity.SchemeBasic, identity.SchemeBearer}, nil, "Please sign in.", []string{basic, house}},
		{"a bad token", []identity.SchemeID{identity.SchemeBearer}, identity.ErrInvalidToken, "This token is not valid.", []string{house + `, error="invalid_token", error_description="This token is not valid."`}},
		{"one that cannot be asked for", []identity.SchemeID{identity.SchemeCookie}, nil, "Please sign in.", []string{house}},
	} {
		f.fault = c.fault
		w := f.ask(c.what, guard.Rule{Schemes: c.schemes})
		if got := w.Header()["Www-Authenticate"]; w.Code != 401 || !slices.Equal(got, c.want) || problem(w).Error != c.message {
			t.Errorf("%s: %d %s %q, want %q", c.what, w.Code, w.Body, got, c.want)
		}
	}
	if identity.ErrNoCredentials.Challenges != nil || identity.ErrInvalidToken.Challenges != nil {
		t.Error("an answer has changed the error that everybody shares")
	}
}

// Of two credentials the one counts that the rule names: a service behind a mesh shows its
// certificate beside every token.
func TestRuleSchemesFirst(t *testing.T) {
	f := open(t)
	f.caller = of(user("usr_token"), identity.SchemeBearer)
	f.Schemes = append(f.Schemes, challenger{func(*http.Request) (*identity.Principal, error) {
		return of(user("usr_certificate"), identity.SchemeMTLS), nil
	}, identity.SchemeMTLS})
	for name, schemes := range map[identity.UserID][]identity.SchemeID{"usr_token": nil, "usr_certificate": {identity.SchemeMTLS}} {
		f.ask("route", guard.Rule{Schemes: schemes})
		if f.served == nil || f.served.UserID != name {
			t.Errorf("%v: the handler was called for %+v", schemes, f.served)
		}
	}
}

// Roles in an organization count where the rule is about one, and nowhere else (AUZ-04, AUZ-21).
func TestRuleRoles(t *testing.T) {
	f := open(t)
	f.join("org_1", "usr_1", "owner")
	in := func(*http.Request) identity.TenantID { return "org_1" }
	bound := user("usr_1")
	bound.TenantID, bound.TenantRoles = "org_1", []string{"owner"}
	elsewhere := user("usr_1")
	elsewhere.TenantID = "org_2"
	for _, c := range []struct {
		what   string
		caller *identity.Principal
		rule   guard.Rule
		status int
		code   string
	}{
		{"one of two", user("usr_2", "author"), guard.Rule{Roles: []string{"editor", "author"}}, 204, ""},
		{"neither", user("usr_2", "user"), guard.Rule{Roles: []string{"editor", "author"}}, 403, "INSUFFICIENT_PERMISSIONS"},
		{"by another case", user("usr_2", "Editor"), guard.Rule{Roles: []string{"editor"}}, 403, "INSUFFICIENT_PERMISSIONS"},
		{"none will do", user("usr_2", "admin"), guard.Rule{Roles: []string{}}, 403, "INSUFFICIENT_PERMISSIONS"},
		{"nobody, on a public route", nil, guard.Rule{Public: true, Roles: []string{"editor"}}, 401, "NO_CREDENTIALS"},
		{"a member", user("usr_1"), guard.Rule{Organization: in}, 204, ""},
		{"a member's role there", user("usr_1"), guard.Rule{Organization: in, Roles: []string{"owner"}}, 204, ""},
		{"another role there", user("usr_1"), guard.Rule{Organization: in, Roles: []string{"member"}}, 403, "INSUFFICIENT_PERMISSIONS"},
		{"a role there, on a route about none", bound, guard.Rule{Roles: []string{"owner"}}, 403, "INSUFFICIENT_PERMISSIONS"},
		{"no member", user("usr_2"), guard.Rule{Organization: in}, 404, "NOT_FOUND"},
		{"a credential for another", elsewhere, guard.Rule{Organization: in}, 404, "NOT_FOUND"},
		{"an administrator of the house", user("usr_2", "admin"), guard.Rule{Organization: in}, 204, ""},
		{"nobody, on a public route about one", nil, guard.Rule{Public: true, Organization: in}, 401, "NO_CREDENTIALS"},
	} {
		f.caller = c.caller
		f.is(c.what, f.ask(c.what, c.rule), c.status, c.code)
	}
	f.caller = user("usr_1")
	f.ask("route", guard.Rule{Organization: in})
	if p := f.served; p == nil || p.TenantID != "org_1" || !slices.Equal(p.TenantRoles, []string{"owner"}) {
		t.Errorf("the handler was called for %+v", p)
	}
}

// A scope is compared whole, a credential that is not limited names none, and of a person's it
// never gives (BUG-10, KEY-06, ZTR-03).
func TestRuleScope(t *testing.T) {
	f := open(t, &policy.File{Permissions: []policy.Permission{"export:csv"}, Roles: map[string][]policy.Permission{"exporter": {"export:csv"}}})
	rule := guard.Rule{Scope: "export:csv"}
	for _, c := range []struct {
		what   string
		caller *identity.Principal
		status int
		code   string
	}{
		{"named", of(user("usr_1", "exporter"), "bearer", "read", "export:csv"), 204, ""},
		{"named by who may not", of(user("usr_1"), "bearer", "read", "export:csv"), 403, "INSUFFICIENT_SCOPE"},
		{"named by a role in an organization", of(&identity.Principal{UserID: "usr_1", TenantID: "org_1"}, "bearer", "export:csv"), 403, "INSUFFICIENT_SCOPE"},
		{"named for a client", &identity.Principal{ClientID: "cli_1", Scopes: []string{"export:csv"}}, 204, ""},
		{"longer", of(user("usr_1", "exporter"), "bearer", "export:csv-all"), 403, "INSUFFICIENT_SCOPE"},
		{"shorter", of(user("usr_1", "exporter"), "bearer", "export"), 403, "INSUFFICIENT_SCOPE"},
		{"by another case", of(user("usr_1", "exporter"), "bearer", "Export:csv"), 403, "INSUFFICIENT_SCOPE"},
		{"a session of an administrator", user("usr_1", "admin"), 403, "INSUFFICIENT_SCOPE"},
		{"nobody", nil, 401, "NO_CREDENTIALS"},
	} {
		f.caller = c.caller
		f.is(c.what, f.ask(c.what, rule), c.status, c.code)
	}
	f.caller = nil
	f.is("nobody, on a public route", f.ask("route", guard.Rule{Public: true, Scope: "export:csv"}), 401, "NO_CREDENTIALS")
}

// The resource is loaded once, for everybody who passes, the administrator too, and the handler
// finds it, by its type (BUG-36, AUZ-18).
func TestRuleLoaded(t *testing.T) {
	type post struct{ title string }
	f := open(t)
	for _, roles := range [][]string{{"author"}, {"editor"}, {"admin"}} {
		f.caller = user("usr_1", roles...)
		loads := 0
		rule := guard.Rule{Permission: "posts:delete", Owner: func(*http.Request) (policy.Resource, error) {
			loads++
			return policy.Resource{Owner: "usr_1", Value: &post{"Hello"}}, nil
		}}
		ran := false
		f.Protect("route", rule, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ran = true
			if p := guard.Loaded[*post](r.Context()); p == nil || p.title != "Hello" {
				t.Errorf("%v: %+v", roles, p)
			}
			if guard.Loaded[string](r.Context()) != "" || guard.Loaded[*post](t.Context()) != nil {
				t.Errorf("%v: something was loaded that was not", roles)
			}
		})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/posts/1", nil))
		if loads != 1 || !ran {
			t.Errorf("%v: loaded %d times, handler ran: %v", roles, loads, ran)
		}
	}
}

// A credential that is bound to an organization does not reach what its owner has in another one
// (AUZ-21).
func TestRuleOwnerAbroad(t *testing.T) {
	f := open(t)
	rule := guard.Rule{Owner: func(*http.Request) (policy.Resource, error) {
		return policy.Resource{Owner: "usr_1", Organization: "org_1"}, nil
	}}
	for org, status := range map[identity.TenantID]int{"": 204, "org_1": 204, "org_2": 404} {
		f.caller = user("usr_1")
		f.caller.TenantID = org
		if w := f.ask("route", rule); w.Code != status {
			t.Errorf("bound to %q: %d, want %d", org, w.Code, status)
		}
	}
}

// A condition is asked after the owner and before freshness, and its error is the answer (AUZ-13,
// AUZ-14).
func TestRuleCondition(t *testing.T) {
	f := open(t)
	f.caller = user("usr_1", "author")
	asked := 0
	rule := guard.Rule{
		Permission: "posts:delete",
		Owner: func(*http.Request) (policy.Resource, error) {
			return policy.Resource{Owner: f.caller.UserID, Value: "a post"}, nil
		},
		Condition: func(r *http.Request) error {
			asked++
			if guard.Loaded[string](r.Context()) != "a post" || identity.FromContext(r.Context()) == nil {
				t.Error("the condition does not know what it is asked about")
			}
			return guard.Deny("Not authorized to edit this post")
		},
		Fresh: 1,
	}
	w := f.ask("route", rule)
	if f.is("denied", w, 403, "POLICY_DENIED"); asked != 1 || problem(w).Error != "Not authorized to edit this post" {
		t.Errorf("asked %d times: %s", asked, w.Body)
	}
	if identity.ErrPolicy.Message == problem(w).Error {
		t.Error("an answer has changed the error that everybody shares")
	}
	f.is("a fault", f.ask("route", guard.Rule{Condition: func(*http.Request) error { return errors.New("boom") }}), 500, "INTERNAL")
	f.is("fulfilled", f.ask("route", guard.Rule{Condition: func(*http.Request) error { return nil }}), 204, "")
}
