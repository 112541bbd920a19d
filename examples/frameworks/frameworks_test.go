package frameworks_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/examples/frameworks"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/sqlite"
	"github.com/gatehouse-id/gatehouse/throttle"
)

const passphrase = "violet hammer seventeen"

// A world is a house behind a framework.
type world struct {
	*testing.T
	gate   *gatehouse.Gate
	router http.Handler
	people map[string]identity.UserID
}

// open opens a house, of which ada may delete her own posts, eve all of them, and kim none.
func open(t *testing.T, adapt func(*gatehouse.Gate, guard.Rule, http.HandlerFunc) http.Handler) *world {
	w := &world{T: t, people: map[string]identity.UserID{}}
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "blog.db"))
	w.must(err)
	w.gate, err = gatehouse.New(t.Context(), gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: db, MasterKey: make([]byte, 32), PublicURL: "http://localhost:8080", Unverified: true, Idle: true,
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		Policy: &policy.File{Roles: map[string][]policy.Permission{
			"author": {"posts:delete:own"}, "editor": {"posts:delete"},
		}},
	})
	w.must(err)
	t.Cleanup(func() { _, _ = w.gate.Close(context.Background()), db.Close() })
	for name, role := range map[string]string{"ada": "author", "eve": "editor", "kim": "user"} {
		u, err := w.gate.Flow.CreateUser(t.Context(), account.NewUser{Email: name + "@example.com", Roles: []string{role}}, passphrase)
		w.must(err)
		w.people[name] = u.ID
	}
	w.router = adapt(w.gate, guard.Rule{
		Limit: throttle.Rate{N: 8, Per: time.Hour}, Permission: "posts:delete", Owner: w.author, Audit: "post.deleted",
	}, func(rw http.ResponseWriter, r *http.Request) {
		rw.WriteHeader(http.StatusAccepted)
		_, _ = rw.Write([]byte(string(identity.FromContext(r.Context()).UserID) + " deleted " + guard.Loaded[string](r.Context())))
	})
	return w
}

// author loads a post, whose ID is its author's name.
func (w *world) author(r *http.Request) (policy.Resource, error) {
	id := r.PathValue("id")
	if w.people[id] == "" {
		return policy.Resource{}, identity.ErrNotFound
	}
	return policy.Resource{Owner: w.people[id], Value: id}, nil
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) ask(method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(w.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer := httptest.NewRecorder()
	w.router.ServeHTTP(answer, r)
	return answer
}

// signIn signs in through the router, which serves the house too.
func (w *world) signIn(name string) string {
	w.Helper()
	var in struct{ AccessToken string }
	answer := w.ask(http.MethodPost, "/auth/login", "", `{"email":"`+name+`@example.com","password":"`+passphrase+`"}`)
	if answer.Code != http.StatusOK {
		w.Fatalf("%d %s", answer.Code, answer.Body)
	}
	w.must(json.Unmarshal(answer.Body.Bytes(), &in))
	return in.AccessToken
}

// Each framework lets in and keeps out whom the Rule says, and counts and records it.
func TestFrameworks(t *testing.T) {
	gin.SetMode(gin.TestMode)
	for name, adapt := range map[string]func(*gatehouse.Gate, guard.Rule, http.HandlerFunc) http.Handler{
		"chi": frameworks.Chi, "echo": frameworks.Echo, "gin": frameworks.Gin,
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t, adapt)
			tokens := map[string]string{"": ""}
			for name := range w.people {
				tokens[name] = w.signIn(name)
			}
			for _, c := range []struct {
				what, by, post string
				status         int
				says           string
			}{
				{"nobody", "", "ada", 401, "NO_CREDENTIALS"},
				{"who may delete none", "kim", "kim", 403, "Requires permission: posts:delete"},
				{"own", "ada", "ada", 202, string(w.people["ada"]) + " deleted ada"},
				{"somebody else's", "ada", "eve", 404, "NOT_FOUND"},
				{"absent", "eve", "nobody", 404, "NOT_FOUND"},
				{"any", "eve", "ada", 202, string(w.people["eve"]) + " deleted ada"},
				{"any, itself", "eve", "eve", 202, string(w.people["eve"]) + " deleted eve"},
				{"the last of the hour", "", "ada", 401, "NO_CREDENTIALS"},
				{"one too many", "eve", "ada", 429, "RATE_LIMITED"},
			} {
				answer := w.ask(http.MethodDelete, "/posts/"+c.post, tokens[c.by], "")
				if answer.Code != c.status || !strings.Contains(answer.Body.String(), c.says) || strings.Count(answer.Body.String(), "deleted") > 1 {
					t.Errorf("%s: %d %s, want %d %s", c.what, answer.Code, answer.Body, c.status, c.says)
				}
			}
			w.recorded("post.deleted", 3)
			w.recorded(identity.EventAccessDenied, 2)
		})
	}
}

func (w *world) recorded(kind string, n int) {
	w.Helper()
	list, _, err := w.gate.Log.List(w.Context(), audit.Query{Type: kind})
	w.must(err)
	if len(list) < n {
		w.Fatalf("%d events %s, want %d", len(list), kind, n)
	}
	e := list[0]
	if kind == "post.deleted" && (len(list) != n || e.Data["status"] != "202") || !strings.HasPrefix(e.Data["route"], "DELETE /posts/") && !strings.HasPrefix(e.Data["route"], "/posts/") {
		w.Errorf("%s: %+v", kind, e)
	}
}
