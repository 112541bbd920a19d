package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(t testing.TB, public string) *web.Site {
	t.Helper()
	u, err := url.Parse(public)
	if err != nil {
		t.Fatal(err)
	}
	return &web.Site{Public: u, Now: func() time.Time { return start }}
}

func get(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }

// Links are made of the configured URL alone (BUG-40).
func TestSite(t *testing.T) {
	for _, c := range []struct {
		public, origin, mount, link string
		secure                      bool
	}{
		{"https://id.example.com", "https://id.example.com", "", "https://id.example.com/login", true},
		{"https://id.example.com/", "https://id.example.com", "", "https://id.example.com/login", true},
		{"https://example.com:8443/a/b", "https://example.com:8443", "/a/b", "https://example.com:8443/a/b/login", true},
		{"http://localhost:8080", "http://localhost:8080", "", "http://localhost:8080/login", false},
	} {
		s := at(t, c.public)
		if s.Origin() != c.origin || s.Mount() != c.mount || s.URL("/login") != c.link || s.Secure() != c.secure {
			t.Errorf("%s: %s %s %s %v", c.public, s.Origin(), s.Mount(), s.URL("/login"), s.Secure())
		}
	}
}

// Entering twice is entering once: a route of the house lies behind two doors.
func TestEnterOnce(t *testing.T) {
	s, w := at(t, "https://id.example.com"), httptest.NewRecorder()
	r := s.Enter(w, get("/"))
	if again := s.Enter(w, r); again != r {
		t.Error("another request")
	}
	if id := identity.OriginOf(r.Context()).RequestID; len(w.Header()["X-Request-Id"]) != 1 || w.Header().Get("X-Request-Id") != string(id) {
		t.Errorf("%v", w.Header())
	}
}

// What a browser calls itself is text, whatever bytes it sends, and not without end.
func TestUserAgent(t *testing.T) {
	for sent, want := range map[string]string{
		"Firefox": "Firefox", "": "", "\xff\xfeX": "X", strings.Repeat("a", 300): strings.Repeat("a", 256),
		strings.Repeat("a", 255) + "é": strings.Repeat("a", 255),
	} {
		r := get("/")
		r.Header.Set("User-Agent", sent)
		if got := identity.OriginOf(at(t, "https://id.example.com").Enter(httptest.NewRecorder(), r).Context()).UserAgent; got != want {
			t.Errorf("%q became %q", sent, got)
		}
	}
}

// Every error has one body and a code, and what is no error of ours shows nothing of itself
// (MWS-05, CON-25, JWT-21).
func TestFail(t *testing.T) {
	for _, c := range []struct {
		err               error
		status            int
		code, retry, auth string
	}{
		{identity.ErrInvalid.With("email", "is missing"), 400, "VALIDATION_FAILED", "", ""},
		{fmt.Errorf("somewhere: %w", identity.ErrNotFound), 404, "NOT_FOUND", "", ""},
		{identity.ErrNoCredentials, 401, "NO_CREDENTIALS", "", `Bearer realm="gatehouse"`},
		{identity.ErrRejected, 401, "INVALID_CREDENTIALS", "", `Bearer realm="gatehouse"`},
		{identity.ErrTokenExpired, 401, "TOKEN_EXPIRED", "", `Bearer realm="gatehouse", error="invalid_token", error_description="This token has expired."`},
		{identity.ErrForbidden, 403, "INSUFFICIENT_PERMISSIONS", "", ""},
		{identity.ErrConflict, 409, "CONFLICT", "", ""},
		{identity.ErrRateLimited.In(1500 * time.Millisecond), 429, "RATE_LIMITED", "2", ""},
		{context.DeadlineExceeded, 503, "UNAVAILABLE", "1", ""},
		{fmt.Errorf("query: %w", context.Canceled), 503, "UNAVAILABLE", "1", ""},
		{errors.New("password of root is hunter2"), 500, "INTERNAL", "", ""},
		{&identity.Error{Err: errors.New("hunter2")}, 500, "INTERNAL", "", ""},
		{&identity.Error{Kind: identity.Internal, Code: "ODD", Message: "hunter2"}, 500, "INTERNAL", "", ""},
	} {
		s, w := at(t, "https://id.example.com"), httptest.NewRecorder()
		s.Log = slog.New(slog.DiscardHandler)
		web.Handler(func(w http.ResponseWriter, r *http.Request) error {
			web.Fail(w, s.Enter(w, r), c.err)
			return nil
		}).ServeHTTP(w, get("/"))
		var p web.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		h := w.Header()
		if w.Code != c.status || p.Code != c.code || p.Error == "" || p.RequestID != h.Get("X-Request-Id") || h.Get("Cache-Control") != "no-store" ||
			h.Get("Retry-After") != c.retry || (p.RetryAfter > 0) != (c.retry != "") || h.Get("WWW-Authenticate") != c.auth || strings.Contains(w.Body.String(), "hunter2") {
			t.Errorf("%v: %d %v %s", c.err, w.Code, h, w.Body)
		}
	}
}

// What cannot be told is logged, with the request, and only that.
func TestFailureIsLogged(t *testing.T) {
	var log strings.Builder
	s := at(t, "https://id.example.com")
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	for _, err := range []error{errors.New("disk on fire"), identity.ErrNotFound} {
		w := httptest.NewRecorder()
		web.Fail(w, s.Enter(w, get("/secret?token=hunter2")), err)
	}
	if text := log.String(); !strings.Contains(text, "disk on fire") || !strings.Contains(text, "path=/secret ") || strings.Contains(text, "hunter2") || strings.Count(text, "\n") != 1 {
		t.Error(text)
	}
}

// Pages answer errors in their own way, with the header fields of all.
func TestWithFailure(t *testing.T) {
	w := httptest.NewRecorder()
	web.WithFailure(func(w http.ResponseWriter, _ *http.Request, e *identity.Error) {
		w.WriteHeader(web.Status(e))
		_, _ = w.Write([]byte("<p>" + e.Message))
	}, web.Handler(func(http.ResponseWriter, *http.Request) error { return identity.ErrNoCredentials })).ServeHTTP(w, get("/"))
	if w.Code != 401 || !strings.HasPrefix(w.Body.String(), "<p>") || w.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// JSON is not kept unless its route has said so before.
func TestJSON(t *testing.T) {
	for before, want := range map[string]string{"": "no-store", "public, max-age=60": "public, max-age=60"} {
		w := httptest.NewRecorder()
		if before != "" {
			w.Header().Set("Cache-Control", before)
		}
		if err := web.JSON(w, 201, map[string]int{"a": 1}); err != nil || w.Code != 201 || w.Body.String() != "{\"a\":1}\n" || w.Header().Get("Cache-Control") != want {
			t.Errorf("%v %d %s %v", err, w.Code, w.Body, w.Header())
		}
	}
	if err := web.JSON(httptest.NewRecorder(), 200, func() {}); err == nil {
		t.Error("a function is no JSON")
	}
}
