// Command embed is a small blog that lets Gatehouse keep its doors.
package main

import (
	"context"
	"log"
	"net/http"
	"sync"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

var posts sync.Map // a post's path → who wrote it

func main() {
	ctx := context.Background()
	db, err := sqlite.Open("blog.db")
	must(err)
	key, err := gatehouse.MasterKeyFile(ctx, db, "blog.key")
	must(err)
	gate, err := gatehouse.New(ctx, gatehouse.Config{
		DB: db, MasterKey: key, PublicURL: "http://localhost:8080", Unverified: true,
		Policy: &policy.File{Roles: map[string][]policy.Permission{
			"user": {"posts:create", "posts:delete:own"}, "editor": {"posts:delete"},
		}},
	})
	must(err)

	mux := http.NewServeMux()
	mux.Handle("/", gate.Handler()) // /signup, /login, /account, /auth/… and all the rest of the house
	mux.Handle("PUT /posts/{id}", gate.Protect(guard.Rule{Permission: "posts:create"}, http.HandlerFunc(create)))
	mux.Handle("DELETE /posts/{id}", gate.Protect(guard.Rule{
		Permission: "posts:delete", // an editor may delete any post,
		Owner:      author,         // everybody else their own: for them there is no other
		Audit:      "post.deleted",
	}, http.HandlerFunc(remove)))
	must(http.ListenAndServe("localhost:8080", mux)) //nolint:gosec // an example; a real server sets its timeouts
}

func create(_ http.ResponseWriter, r *http.Request) {
	posts.Store(r.URL.Path, identity.FromContext(r.Context()).UserID)
}

func remove(_ http.ResponseWriter, r *http.Request) { posts.Delete(r.URL.Path) }

func author(r *http.Request) (policy.Resource, error) {
	if owner, ok := posts.Load(r.URL.Path); ok {
		return policy.Resource{Owner: owner.(identity.UserID)}, nil
	}
	return policy.Resource{}, identity.ErrNotFound
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
