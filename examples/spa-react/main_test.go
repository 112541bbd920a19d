package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
)

const passphrase = "correct horse battery"

// A blog is the program under test, in a folder that is thrown away.
type blog struct {
	*testing.T

	gate *gatehouse.Gate
	http.Handler
}

func newBlog(t *testing.T) *blog {
	t.Helper()
	d := &dev{}
	gate, err := open(t.Context(), settings{origin: "http://localhost:8080", data: t.TempDir()}, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gate.Close(t.Context()) })
	dist := fstest.MapFS{"index.html": {Data: []byte("the page")}, "assets/index-1.js": {Data: []byte("the script")}}
	return &blog{t, gate, only("http://localhost:8080", routes(gate, d, dist))}
}

// ask sends a request, and fails where the answer has another status than is wanted.
func (b *blog) ask(method, path, token, body string, want int) *httptest.ResponseRecorder {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, "http://localhost:8080"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if w.Code != want {
		b.Fatalf("%s %s: %d %s, want %d", method, path, w.Code, w.Body, want)
	}
	return w
}

// join makes a user, and returns an access token of theirs.
func (b *blog) join(email string, roles ...string) string {
	b.Helper()
	if _, err := b.gate.Flow.CreateUser(b.Context(), account.NewUser{Email: email, Verified: true, Name: email, Roles: roles}, passphrase); err != nil {
		b.Fatal(err)
	}
	var in struct{ AccessToken string }
	w := b.ask("POST", "/id/auth/login", "", `{"email":"`+email+`","password":"`+passphrase+`"}`, http.StatusOK)
	if err := json.Unmarshal(w.Body.Bytes(), &in); err != nil {
		b.Fatal(err)
	}
	return in.AccessToken
}

func code(w *httptest.ResponseRecorder) string {
	var body struct{ Code string }
	_ = json.Unmarshal(w.Body.Bytes(), &body)
	return body.Code
}

// Whoever is signed in writes, changes and deletes their own; for everybody else there is nothing to change; a
// moderator changes all; and deleting wants a proof of the last five minutes (WEB-11, WEB-18, AUZ-17).
func TestRules(t *testing.T) {
	b := newBlog(t)
	ada, bob, mod := b.join("ada@example.com"), b.join("bob@example.com"), b.join("mod@example.com", "moderator")
	const words = `{"title":"First","text":"Words."}`
	for range 3 {
		b.ask("POST", "/api/posts", ada, words, http.StatusCreated)
	}

	b.ask("GET", "/api/posts", "", "", http.StatusUnauthorized)
	if list := b.ask("GET", "/api/posts", bob, "", http.StatusOK).Body.String(); strings.Count(list, `"name":"ada@example.com"`) != 3 {
		t.Error(list)
	}
	b.ask("POST", "/api/posts", ada, `{"title":" ","text":"Words."}`, http.StatusBadRequest)

	for _, method := range []string{"PUT", "DELETE"} {
		foreign := b.ask(method, "/api/posts/1", bob, words, http.StatusNotFound)
		absent := b.ask(method, "/api/posts/9", bob, words, http.StatusNotFound)
		if code(foreign) != "NOT_FOUND" || code(absent) != "NOT_FOUND" {
			t.Errorf("%s: %s, %s", method, foreign.Body, absent.Body)
		}
	}
	b.ask("PUT", "/api/posts/1", ada, words, http.StatusOK)
	b.ask("PUT", "/api/posts/1", mod, words, http.StatusOK)
	b.ask("DELETE", "/api/posts/1", ada, "", http.StatusNoContent)
	b.ask("DELETE", "/api/posts/2", mod, "", http.StatusNoContent)

	b.ask("POST", "/dev/clock?offset=6m", "", "", http.StatusNoContent)
	b.ask("PUT", "/api/posts/3", ada, words, http.StatusOK)
	stale := b.ask("DELETE", "/api/posts/3", ada, "", http.StatusUnauthorized)
	if code(stale) != "STALE_TOKEN" || !strings.Contains(stale.Header().Get("WWW-Authenticate"), "max_age=") {
		t.Errorf("%v %s", stale.Header(), stale.Body)
	}
	b.ask("GET", "/id/admin/api/users", mod, "", http.StatusForbidden)
}

// Every path that is no file shows the page, under a policy that allows nothing inline; what is missing below /api,
// and an asset of yesterday, is no page.
func TestSite(t *testing.T) {
	b := newBlog(t)
	for _, path := range []string{"/", "/posts", "/posts/1/edit", "/sign-in"} {
		w := b.ask("GET", path, "", "", http.StatusOK)
		if w.Body.String() != "the page" || w.Header().Get("Content-Security-Policy") != policyOfPages || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %v %s", path, w.Header(), w.Body)
		}
	}
	if w := b.ask("GET", "/assets/index-1.js", "", "", http.StatusOK); !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Error(w.Header())
	}
	b.ask("GET", "/assets/index-0.js", "", "", http.StatusNotFound)
	b.ask("GET", "/api/nothing", "", "", http.StatusNotFound)
	if to := b.ask("GET", "/id/login?returnTo=/", "", "", http.StatusSeeOther).Header().Get("Location"); to != "/sign-in" {
		t.Error(to)
	}
	r := httptest.NewRequestWithContext(t.Context(), "GET", "http://evil.example/dev/outbox", nil)
	w := httptest.NewRecorder()
	if b.ServeHTTP(w, r); w.Code != http.StatusForbidden {
		t.Errorf("another host: %d", w.Code)
	}
}
