package guard_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/test/house"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A town is a whole house with a few people, whose posts lie behind rules.
type town struct {
	*house.House
	people map[string]*identity.User
	tokens map[string]string
	routes *http.ServeMux
}

var townPolicy = policy.File{
	Permissions: []policy.Permission{"posts:read", "posts:delete", "posts:edit", "reports:read"},
	Roles: map[string][]policy.Permission{
		"user": {"posts:delete:own", "posts:edit:own"}, "editor": {"posts:delete:any", "posts:read"}, "clerk": {"posts:edit"},
	},
	Resources:  map[string]map[string]string{"Post": {"locked": "Bool"}},
	Conditions: `@id("locked") forbid (principal, action == Action::"posts:edit", resource is Post) when { resource.locked };`,
}

// rules are those of the town, by their patterns.
func (w *town) rules() map[string]guard.Rule {
	post := func(r *http.Request) (policy.Resource, error) {
		id := r.PathValue("id")
		owner, locked := strings.CutSuffix(id, "-locked")
		if w.people[owner] == nil {
			return policy.Resource{}, identity.ErrNotFound
		}
		return policy.Resource{Type: "Post", ID: id, Owner: w.people[owner].ID, Attributes: map[string]any{"locked": locked}, Value: id}, nil
	}
	return map[string]guard.Rule{
		"POST /limited":      {Public: true, Limit: throttle.Rate{N: 1, Per: time.Minute}},
		"POST /signed-in":    {},
		"POST /by-key":       {Schemes: []identity.SchemeID{identity.SchemeAPIKey}},
		"POST /orgs/{id}":    {Organization: func(r *http.Request) identity.TenantID { return identity.TenantID(r.PathValue("id")) }},
		"POST /editors":      {Roles: []string{"editor", "admin"}},
		"POST /exports":      {Scope: "export:csv"},
		"POST /reports":      {Permission: "reports:read"},
		"POST /posts/{id}":   {Permission: "posts:delete", Owner: post},
		"POST /edits/{id}":   {Permission: "posts:edit", Owner: post},
		"POST /diaries/{id}": {Owner: post},
		"POST /closed":       {Condition: func(*http.Request) error { return guard.Deny("Closed on Sundays") }},
		"POST /fresh":        {Fresh: 5 * time.Minute},
	}
}

func settle(t *testing.T, db *sqldb.DB) *town {
	w := &town{people: map[string]*identity.User{}, tokens: map[string]string{}, routes: http.NewServeMux()}
	w.House = house.Open(t, db, func(c *gatehouse.Config) { c.Policy = &townPolicy })
	for name, roles := range map[string][]string{"ada": nil, "bob": nil, "eve": {"editor"}, "kim": {"clerk"}, "root": {"admin"}} {
		user, err := w.CreateUser(t.Context(), account.NewUser{Email: name + "@example.com", Verified: true, Roles: roles}, house.Passphrase)
		w.Must(err)
		out, err := w.Finish(t.Context(), authn.Answer{
			Method: authn.Password, Start: authn.Start{Mode: identity.ModeNative},
			Input: authn.Input{Email: name + "@example.com", Password: house.Passphrase},
		})
		w.Must(err)
		w.people[name], w.tokens[name] = user, out.SignedIn.Access
	}
	for pattern, rule := range w.rules() {
		w.routes.Handle(pattern, w.Gate.Protect(rule, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Loaded", guard.Loaded[string](r.Context()))
			w.WriteHeader(http.StatusNoContent)
		})))
	}
	return w
}

// A visit is one request and what must become of it.
type visit struct {
	what, path, header, by string // by is a person; header a credential that is nobody's
	status                 int
	code, step, demand     string
	after                  time.Duration
}

// acceptance drives every step of the Rule, in its order.
var acceptance = []visit{
	{"the first of the minute", "/limited", "", "", 204, "", "", "", 0},
	{"limited", "/limited", "", "", 429, "RATE_LIMITED", "limit", "at most 1 requests in 1m from one address", 0},
	{"missing", "/signed-in", "", "", 401, "NO_CREDENTIALS", "authenticate", "a credential that is not limited by scopes", 0},
	{"malformed", "/signed-in", "Bearer x.y", "", 401, "INVALID_TOKEN", "authenticate", "a credential that is not limited by scopes", 0},
	{"of an unknown scheme", "/signed-in", "Negotiate x", "", 401, "INVALID_TOKEN", "authenticate", "a credential that is not limited by scopes", 0},
	{"signed in", "/signed-in", "", "ada", 204, "", "", "", 0},
	{"no key", "/by-key", "", "", 401, "NO_CREDENTIALS", "authenticate", "a credential of scheme api-key", 0},
	{"another scheme", "/by-key", "", "ada", 403, "INSUFFICIENT_SCOPE", "scheme", "a credential of scheme api-key", 0},
	{"no member", "/orgs/org_1", "", "ada", 404, "NOT_FOUND", "organization", "a member of organization org_1", 0},
	{"wrong role", "/editors", "", "ada", 403, "INSUFFICIENT_PERMISSIONS", "role", "one of the roles editor, admin", 0},
	{"right role", "/editors", "", "eve", 204, "", "", "", 0},
	{"no scope", "/exports", "", "eve", 403, "INSUFFICIENT_SCOPE", "scope", "a credential that names scope export:csv", 0},
	{"no permission", "/reports", "", "ada", 403, "INSUFFICIENT_PERMISSIONS", "permission", "permission reports:read", 0},
	{"everything", "/reports", "", "root", 204, "", "", "", 0},
	{"a permission for something else", "/posts/ada", "", "kim", 403, "INSUFFICIENT_PERMISSIONS", "permission", "permission posts:delete", 0},
	{"own", "/posts/ada", "", "ada", 204, "", "", "", 0},
	{"wrong owner", "/posts/bob", "", "ada", 404, "NOT_FOUND", "owner", "permission posts:delete on this resource", 0},
	{"absent", "/posts/nobody", "", "ada", 404, "NOT_FOUND", "owner", "a resource that exists", time.Minute},
	{"any", "/posts/bob", "", "eve", 204, "", "", "", 0},
	{"an administrator", "/posts/bob", "", "root", 204, "", "", "", 0},
	{"own, but a condition forbids it", "/edits/ada-locked", "", "ada", 403, "POLICY_DENIED", "owner", "permission posts:edit on this resource", 0},
	{"somebody else's, and locked", "/edits/bob-locked", "", "ada", 404, "NOT_FOUND", "owner", "permission posts:edit on this resource", time.Minute},
	{"the owner", "/diaries/ada", "", "ada", 204, "", "", "", 0},
	{"not the owner", "/diaries/bob", "", "eve", 404, "NOT_FOUND", "owner", "the owner of the resource, or an administrator", 0},
	{"a condition of the route", "/closed", "", "ada", 403, "POLICY_DENIED", "condition", "the condition of the route", 0},
	{"fresh", "/fresh", "", "ada", 204, "", "", "", 0},
	{"stale", "/fresh", "", "ada", 401, "STALE_TOKEN", "fresh", "a proof not older than 5m", 6 * time.Minute},
	{"expired", "/signed-in", "", "ada", 401, "TOKEN_EXPIRED", "authenticate", "a credential that is not limited by scopes", 10 * time.Minute},
}

// TestAcceptance drives every step of the Rule on both engines, with real tokens that expire. Who is
// authenticated and refused stands in the audit log with the step, the reason and the request's
// ID; a stranger in the ring alone (AUZ-04, AUZ-17, AUZ-22, BUG-36, GEN-01..03, MWS-02, MWS-05,
// MWS-06, CON-16, TST-01).
func TestAcceptance(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		w := settle(t, db)
		for _, v := range acceptance {
			w.Wait(v.after)
			w.visit(v)
		}
	})
}

func (w *town) visit(v visit) {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, v.path, nil)
	if v.header != "" {
		r.Header.Set("Authorization", v.header)
	} else if v.by != "" {
		r.Header.Set("Authorization", "Bearer "+w.tokens[v.by])
	}
	answer := httptest.NewRecorder()
	w.routes.ServeHTTP(answer, r)
	id := identity.RequestID(answer.Header().Get("X-Request-Id"))
	refusal, refused := w.Gate.Guard().Refusal(id)
	rows := w.denials(id)
	if v.status == http.StatusNoContent {
		if answer.Code != v.status || refused || len(rows) > 0 {
			w.Errorf("%s: %d %s, refused %v, denials %+v", v.what, answer.Code, answer.Body, refused, rows)
		}
		if _, name, ok := strings.Cut(v.path[1:], "/"); ok && answer.Header().Get("Loaded") != name {
			w.Errorf("%s: the handler found %q loaded", v.what, answer.Header().Get("Loaded"))
		}
		return
	}
	p := problem(answer)
	if answer.Code != v.status || p == nil || p.Code != v.code || p.RequestID != string(id) {
		w.Errorf("%s: %d %s, want %d %s", v.what, answer.Code, answer.Body, v.status, v.code)
	}
	if (answer.Code == http.StatusUnauthorized) != (answer.Header().Get("WWW-Authenticate") != "") {
		w.Errorf("%s: WWW-Authenticate: %v", v.what, answer.Header()["Www-Authenticate"])
	}
	if !refused || refusal.Step != v.step || refusal.Code != v.code || refusal.Demand != v.demand || refusal.Reason == "" {
		w.Errorf("%s: remembered as %v %+v, want step %s, demand %s", v.what, refused, refusal, v.step, v.demand)
	}
	w.audited(v, refusal, rows)
}

// audited checks what the log says of a refusal.
func (w *town) audited(v visit, refusal guard.Refusal, rows []identity.Event) {
	w.Helper()
	if refusal.Caller == "" {
		if len(rows) != 0 {
			w.Errorf("%s: a stranger is in the log: %+v", v.what, rows)
		}
		return
	}
	caller := string(w.people[v.by].ID)
	if len(rows) != 1 || rows[0].Actor != caller || rows[0].Data["step"] != v.step || rows[0].Data["reason"] != refusal.Reason || refusal.Caller != caller {
		w.Errorf("%s: the log has %+v", v.what, rows)
	}
}

// denials returns the denials of a request.
func (w *town) denials(id identity.RequestID) (found []identity.Event) {
	w.Helper()
	list, _, err := w.Gate.Log.List(w.Context(), audit.Query{Type: identity.EventAccessDenied, Limit: 200})
	w.Must(err)
	for _, e := range list {
		if e.RequestID == id {
			found = append(found, e)
		}
	}
	return found
}
