package main

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// A post is what somebody wrote.
type post struct {
	ID     string          `json:"id"`
	Title  string          `json:"title"`
	Text   string          `json:"text"`
	Author identity.UserID `json:"author"`
	Name   string          `json:"name"` // of the author
}

// posts keeps posts in memory: after a restart the blog is empty.
type posts struct {
	gate *gatehouse.Gate
	mu   sync.Mutex
	last int
	kept map[string]post
}

func newPosts(gate *gatehouse.Gate) *posts { return &posts{gate: gate, kept: map[string]post{}} }

// routes guards every route by a rule. The handlers know nothing of who may call them.
func (p *posts) routes(mux *http.ServeMux) {
	protect := func(pattern string, rule guard.Rule, h http.HandlerFunc) {
		mux.Handle(pattern, p.gate.Protect(rule, h))
	}
	protect("GET /api/posts", guard.Rule{Permission: "posts:read"}, p.list)
	protect("POST /api/posts", guard.Rule{Permission: "posts:create"}, p.create)
	protect("GET /api/posts/{id}", guard.Rule{Permission: "posts:read"}, p.show)
	// Who may edit their own posts only is answered 404 for all others, as if there were none.
	protect("PUT /api/posts/{id}", guard.Rule{Permission: "posts:edit", Owner: p.owner}, p.edit)
	protect("DELETE /api/posts/{id}", guard.Rule{
		Permission: "posts:delete", Owner: p.owner,
		Fresh: 5 * time.Minute, // somebody at a browser that was left open must prove first who they are
		Audit: "post.deleted",
	}, p.remove)
}

// owner tells the guard whose post a request is about.
func (p *posts) owner(r *http.Request) (policy.Resource, error) {
	found, err := p.find(r)
	return policy.Resource{Type: "Post", ID: found.ID, Owner: found.Author, Value: found}, err
}

func (p *posts) find(r *http.Request) (post, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found, ok := p.kept[r.PathValue("id")]; ok {
		return found, nil
	}
	return post{}, identity.ErrNotFound
}

// list shows all posts, the newest first.
func (p *posts) list(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	all := slices.Collect(maps.Values(p.kept))
	p.mu.Unlock()
	slices.SortFunc(all, func(a, b post) int { return cmp.Or(len(b.ID)-len(a.ID), strings.Compare(b.ID, a.ID)) })
	answer(w, http.StatusOK, map[string]any{"items": append([]post{}, all...)})
}

func (p *posts) show(w http.ResponseWriter, r *http.Request) {
	found, err := p.find(r)
	if err != nil {
		missing(w)
		return
	}
	answer(w, http.StatusOK, found)
}

func (p *posts) create(w http.ResponseWriter, r *http.Request) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	in.Author = identity.FromContext(r.Context()).UserID
	author, err := p.gate.Accounts.ByID(r.Context(), in.Author)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Something went wrong.", "INTERNAL")
		return
	}
	in.Name = author.Name
	p.mu.Lock()
	p.last++
	in.ID = strconv.Itoa(p.last)
	p.kept[in.ID] = in
	p.mu.Unlock()
	answer(w, http.StatusCreated, in)
}

// edit changes the post that the guard has loaded.
func (p *posts) edit(w http.ResponseWriter, r *http.Request) {
	in, ok := read(w, r)
	if !ok {
		return
	}
	changed := guard.Loaded[post](r.Context())
	changed.Title, changed.Text = in.Title, in.Text
	p.mu.Lock()
	p.kept[changed.ID] = changed
	p.mu.Unlock()
	answer(w, http.StatusOK, changed)
}

func (p *posts) remove(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	delete(p.kept, r.PathValue("id"))
	p.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// read takes a post from the body of a request: title and text, whatever else it says.
func read(w http.ResponseWriter, r *http.Request) (post, bool) {
	var in struct{ Title, Text string }
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&in)
	in.Title, in.Text = strings.TrimSpace(in.Title), strings.TrimSpace(in.Text)
	if err != nil || in.Title == "" || in.Text == "" {
		refuse(w, http.StatusBadRequest, "A post needs a title and a text.", "VALIDATION_FAILED")
		return post{}, false
	}
	return post{Title: in.Title, Text: in.Text}, true
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func missing(w http.ResponseWriter) { refuse(w, http.StatusNotFound, "Not found.", "NOT_FOUND") }

// refuse answers like the house, so that the client reads one form of error only.
func refuse(w http.ResponseWriter, status int, sentence, code string) {
	answer(w, status, map[string]string{"error": sentence, "code": code})
}
