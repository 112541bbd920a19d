package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/web"
)

// kinds are all cookies, with what each looks like over https at /id: a prefix only where
// the browser can hold what it promises (RFC 6265bis section 4.1.3).
var kinds = map[web.Cookie]string{
	web.Session: "__Host-session=%; Path=/; %HttpOnly; Secure; SameSite=Lax",
	web.Refresh: "__Secure-refresh=%; Path=/id/auth; %HttpOnly; Secure; SameSite=Strict",
	web.Access:  "accessToken=%; Path=/; %HttpOnly; Secure; SameSite=Lax",
	web.Visit:   "__Host-visit=%; Path=/; %HttpOnly; Secure; SameSite=Lax",
	web.Hint:    "gh_hint=%; Path=/; %Secure; SameSite=Lax",
	web.Theme:   "gh_theme=%; Path=/; %HttpOnly; Secure; SameSite=Lax",
}

func filled(pattern, value, life string) string {
	return strings.Replace(strings.Replace(pattern, "=%", "="+value, 1), "%", life, 1)
}

// A cookie is set and cleared with the same attributes (SES-02, SES-04..07, SES-26): Lax, so
// that a link from elsewhere finds people signed in (CSR-06), but for the refresh token, which
// is Strict and goes to its routes only (REF-05, CON-02, BUG-37).
func TestCookies(t *testing.T) {
	s := at(t, "https://example.com/id")
	for c, pattern := range kinds {
		w := httptest.NewRecorder()
		s.SetCookie(w, c, "value", 90*time.Second)
		s.SetCookie(w, c, "value", 0)
		s.ClearCookie(w, c)
		want := []string{filled(pattern, "value", "Max-Age=90; "), filled(pattern, "value", ""), filled(pattern, "", "Max-Age=0; ")}
		if got := w.Header()["Set-Cookie"]; !slices.Equal(got, want) {
			t.Errorf("%s", strings.Join(got, "\n"))
		}
		if name, _, _ := strings.Cut(pattern, "="); s.CookieName(c) != name {
			t.Errorf("%s is called %s", name, s.CookieName(c))
		}
	}
}

// A browser that came once is known again; what nobody of ours made is replaced.
func TestVisit(t *testing.T) {
	s := at(t, "http://localhost:8080")
	for _, has := range []string{"", "short", strings.Repeat("A", 43)} {
		r, w := get("/"), httptest.NewRecorder()
		if has != "" {
			r.Header.Set("Cookie", "visit="+has)
		}
		visit := s.VisitOf(w, r)
		if known := len(has) == 43; len(visit) != 43 || (visit == has) != known || (len(w.Header()["Set-Cookie"]) == 0) != known {
			t.Errorf("%q: %s %v", has, visit, w.Header())
		}
		if has == "" && s.VisitOf(httptest.NewRecorder(), r) != visit {
			t.Error("the second question of one request gets another answer")
		}
	}
}

// The hint is eight characters and never the same: it tells sessions apart and opens
// nothing.
func TestHint(t *testing.T) {
	s, seen := at(t, "http://localhost:8080"), map[string]bool{}
	for range 100 {
		w := httptest.NewRecorder()
		s.SetHint(w, time.Hour)
		value, _, _ := strings.Cut(strings.TrimPrefix(w.Header().Get("Set-Cookie"), "gh_hint="), ";")
		if len(value) != 8 || seen[value] {
			t.Errorf("%q", value)
		}
		seen[value] = true
	}
}

// A sign-in gives what its mode has, takes away what another left, and gives a hint; a
// refresh does neither of the latter; a program gets nothing.
func TestHandOver(t *testing.T) {
	for _, c := range []struct {
		what  string
		v     web.Secrets
		begun bool
		has   string
		want  []string
	}{
		{"session", web.Secrets{Session: "s", Keep: time.Hour}, true, "", []string{"session=s; 3600", "gh_hint=* 3600"}},
		{"as long as the browser runs", web.Secrets{Session: "s"}, true, "", []string{"session=s;", "gh_hint=*"}},
		{"tokens", web.Secrets{Refresh: "r", Access: "a", AccessLife: time.Minute, Keep: time.Hour}, true, "session=x", []string{
			"session=; 0", "refresh=r; 3600", "accessToken=a; 60", "gh_hint=* 3600",
		}},
		{"a refresh", web.Secrets{Refresh: "r", Keep: time.Hour}, false, "session=x", []string{"refresh=r; 3600"}},
		{"a program", web.Secrets{None: true, Refresh: "r"}, true, "session=x", nil},
	} {
		r, w := get("/"), httptest.NewRecorder()
		r.Header.Set("Cookie", c.has)
		at(t, "http://localhost:8080").HandOver(w, r, c.v, c.begun)
		got := w.Header()["Set-Cookie"]
		if len(got) != len(c.want) {
			t.Fatalf("%s: %q", c.what, got)
		}
		for i, want := range c.want {
			name, life, _ := strings.Cut(want, " ")
			if !strings.HasPrefix(got[i], strings.TrimSuffix(name, "*")) || strings.Contains(got[i], "Max-Age=") != (life != "") ||
				life != "" && !strings.Contains(got[i], "Max-Age="+life+";") {
				t.Errorf("%s: %s, want %s", c.what, got[i], want)
			}
		}
	}
}

// Whoever sent a credential in a header field meant that one (BUG-45).
func TestHeaderCredential(t *testing.T) {
	for name, want := range map[string]bool{"Authorization": true, "X-API-Key": true, "Cookie": false, "X-CSRF-Token": false} {
		r := get("/")
		r.Header.Set(name, "")
		if web.HeaderCredential(r) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	if web.HeaderCredential(&http.Request{}) {
		t.Error("nothing")
	}
}

// Basic, Digest and Negotiate are sent by browsers on their own; a key and a token are not.
func TestDeliberate(t *testing.T) {
	for credential, want := range map[string]bool{"Bearer x": true, "bearer x": true, "DPoP x": true, "Basic x": false, "Negotiate x": false, "Bearerx": false, "": false} {
		r := get("/")
		r.Header.Set("Authorization", credential)
		if web.Deliberate(r) != want {
			t.Errorf("%q: %v", credential, !want)
		}
		if r.Header.Set("X-API-Key", "x"); !web.Deliberate(r) {
			t.Errorf("%q and a key", credential)
		}
	}
}
