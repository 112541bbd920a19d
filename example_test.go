package gatehouse_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/sqlite"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// blog opens a house for a blog in a folder of its own, and returns what takes both away.
func blog() (*gatehouse.Gate, func()) {
	folder, err := os.MkdirTemp("", "blog")
	must(err)
	db, err := sqlite.Open(filepath.Join(folder, "blog.db"))
	must(err)
	gate, err := gatehouse.New(context.Background(), gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: db, MasterKey: make([]byte, 32), PublicURL: "http://localhost:8080", Unverified: true, Idle: true,
		Policy: &policy.File{Roles: map[string][]policy.Permission{"user": {"posts:delete:own"}, "editor": {"posts:delete"}}},
	})
	must(err)
	return gate, func() { must(errors.Join(gate.Close(context.Background()), db.Close(), os.RemoveAll(folder))) }
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// A Post is what the blog is made of.
type Post struct {
	ID     string
	Author identity.UserID
}

// load finds the post that a request names.
func load(r *http.Request) (policy.Resource, error) {
	if r.PathValue("id") != "1" {
		return policy.Resource{}, identity.ErrNotFound
	}
	post := Post{ID: "1", Author: "usr_ada"}
	return policy.Resource{Type: "Post", ID: post.ID, Owner: post.Author, Value: post}, nil
}

func deletePost(_ http.ResponseWriter, r *http.Request) {
	fmt.Println("deleted", guard.Loaded[Post](r.Context()).ID)
}

// A Rule says all that a route demands; its order is the house's.
func ExampleGate_Protect() {
	gate, end := blog()
	defer end()
	mux := http.NewServeMux()
	mux.Handle("DELETE /posts/{id}", gate.Protect(guard.Rule{
		Limit:      throttle.Rate{N: 60, Per: time.Minute}, // 429
		Permission: "posts:delete",                         // 401 for nobody, 403 for who may delete none
		Owner:      load,                                   // 404 for what is not theirs
		Fresh:      5 * time.Minute,                        // 401: prove again who you are
		Audit:      "post.deleted",
	}, http.HandlerFunc(deletePost)))

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/posts/1", nil))
	fmt.Println(w.Code, w.Header().Get("WWW-Authenticate"))
	// Output: 401 Bearer realm="gatehouse"
}

// The same as a chain of middleware. Who calls is found out once; RequirePermission leaves to
// OwnsResource, right behind it, whose the post is.
func ExampleGate_RequirePermission() {
	gate, end := blog()
	defer end()
	chain := func(h http.Handler, demands ...func(http.Handler) http.Handler) http.Handler {
		for i := len(demands) - 1; i >= 0; i-- {
			h = demands[i](h)
		}
		return h
	}
	mux := http.NewServeMux()
	mux.Handle("DELETE /posts/{id}", chain(http.HandlerFunc(deletePost),
		gate.LoginLimiter(throttle.Rate{N: 1, Per: time.Minute}),
		gate.Authenticate(),
		gate.RequirePermission("posts:delete"),
		gate.OwnsResource(load),
		gate.RequireFreshAuth(0),
		gate.AuditLog("post.deleted"),
	))

	for range 2 {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodDelete, "/posts/1", nil))
		fmt.Println(w.Code)
	}
	// Output:
	// 401
	// 429
}
