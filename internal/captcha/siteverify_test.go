package captcha_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/captcha"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

const vendorSecret = "what only we and the vendor know"

// vendor is a house that asks a vendor on this machine.
func (f *fixture) vendor(provider string, open bool, h http.HandlerFunc) captcha.Captcha {
	f.Helper()
	server := httptest.NewServer(h)
	f.Cleanup(server.Close)
	c := captcha.Choice{Provider: provider, SiteKey: "site", Secret: vendorSecret, Open: open, URL: server.URL}
	if err := c.Check(); err != nil {
		f.Fatal(err)
	}
	return captcha.New(c, f.House)
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

// What a verdict says decides: success alone is not enough (RAT-13).
func TestSiteVerify(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	for i, c := range []struct{ vendor, verdict, cause string }{
		{"turnstile", `{"success":true,"hostname":"id.example.com","action":"login","error-codes":[]}`, ""},
		{"turnstile", `{"success":true,"hostname":"ID.example.com","action":"login"}`, ""},
		{"turnstile", `{"success":true,"hostname":"evil.example","action":"login"}`, "another site"},
		{"turnstile", `{"success":true,"action":"login"}`, "another site"},
		{"turnstile", `{"success":true,"hostname":"id.example.com","action":"signup"}`, "something else"},
		{"turnstile", `{"success":true,"hostname":"id.example.com"}`, "something else"},
		{"turnstile", `{"success":false,"error-codes":["timeout-or-duplicate"]}`, "does not accept"},
		{"turnstile", `{"success":false,"hostname":"id.example.com","action":"login"}`, "does not accept"},
		{"hcaptcha", `{"success":true,"hostname":"id.example.com","challenge_ts":"2026-01-02T03:04:05Z"}`, ""},
		{"hcaptcha", `{"success":true,"hostname":"id.example.com","score":0.0}`, ""}, // of its own kind: 0 is best
		{"hcaptcha", `{"success":true,"hostname":"example.com"}`, "another site"},
		{"recaptcha", `{"success":true,"hostname":"id.example.com","action":"login","score":0.5}`, ""},
		{"recaptcha", `{"success":true,"hostname":"id.example.com","action":"login","score":0.49}`, "too low"},
		{"recaptcha", `{"success":true,"hostname":"id.example.com","action":"login"}`, "too low"},
		{"recaptcha", `{"success":true,"hostname":"id.example.com","action":"other","score":0.9}`, "something else"},
	} {
		w := f.vendor(c.vendor, true, says(c.verdict)) // open for an outage only
		f.refused(fmt.Sprint(c.vendor, " ", c.verdict), c.cause, w.Verify(t.Context(), fmt.Sprint("token ", i)))
	}
	for least, cause := range map[float64]string{0.3: "", 0.8: "too low"} {
		server := httptest.NewServer(says(`{"success":true,"hostname":"id.example.com","action":"login","score":0.7}`))
		w := captcha.New(captcha.Choice{Provider: "recaptcha", SiteKey: "s", Secret: "s", Score: least, URL: server.URL}, f.House)
		f.refused("a score of 0.7", cause, w.Verify(t.Context(), fmt.Sprint("score ", least)))
		server.Close()
	}
}

// The vendor is told what it must know, in a form, and its answer counts once for us even if the
// vendor would say yes again.
func TestSiteVerifyOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db, make([]byte, 32))
		w := f.vendor("turnstile", false, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != "POST" || r.PostFormValue("secret") != vendorSecret || r.PostFormValue("response") != "tök&en" || r.PostFormValue("sitekey") != "site" || r.URL.RawQuery != "" {
				t.Errorf("asked %s %v with %v", r.Method, r.URL, r.PostForm)
			}
			says(`{"success":true,"hostname":"id.example.com","action":"login"}`)(w, r)
		})
		var passed atomic.Int64
		sqldbtest.Race(50, func(int) {
			if w.Verify(t.Context(), "tök&en") == nil {
				passed.Add(1)
			}
		})
		if n := passed.Load(); n != 1 {
			t.Errorf("%d of 50 passed", n)
		}
	})
}

// A vendor that is down, slow or says nonsense lets nobody pass, or everybody if the operator
// chose that; either way the log tells of it, and of no secret (F15).
func TestSiteVerifyDown(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, h := range map[string]http.HandlerFunc{
		"an error":         status(http.StatusInternalServerError),
		"too many":         status(http.StatusTooManyRequests),
		"a redirect":       func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"a page":           says("<!doctype html><title>Welcome to the hotel's network"),
		"nothing":          says(""),
		"no verdict":       says(`{}`),
		"null":             says(`null`),
		"a text for a yes": says(`{"success":"true","hostname":"id.example.com","action":"login"}`),
		"its own failure":  says(`{"success":false,"error-codes":["internal-error"]}`),
		"a yes too long":   says(`{"x":"` + strings.Repeat("x", 1<<20) + `","success":true,"hostname":"id.example.com","action":"login"}`),
		"a closed line": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = c.Close()
			}
		},
	} {
		f.refused(name+", closed", "no verdict", f.vendor("turnstile", false, h).Verify(t.Context(), "token"))
		f.refused(name+", open", "", f.vendor("turnstile", true, h).Verify(t.Context(), "token"))
	}
	if log := f.log.String(); !strings.Contains(log, "no verdict") || strings.Contains(log, vendorSecret) || strings.Contains(log, "response=") {
		t.Errorf("the log is %s", log)
	}
}

// Somebody who signs in waits for three seconds at the most.
func TestSiteVerifySlow(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	release := make(chan struct{})
	w := f.vendor("hcaptcha", false, func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-release
	})
	t.Cleanup(func() { close(release) }) // before the server is closed, which waits for it
	began := time.Now()
	f.refused("a slow vendor", "no verdict", w.Verify(t.Context(), "token"))
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("it took %v", took)
	}
}

// No answer is not worth a call, but where an outage lets people pass: a vendor that is down shows
// no widget, and one that is up says no by itself.
func TestSiteVerifyNothing(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	var asked atomic.Int64
	no := func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		says(`{"success":false,"error-codes":["missing-input-response"]}`)(w, r)
	}
	f.refused("closed", "no answer", f.vendor("turnstile", false, no).Verify(t.Context(), ""))
	f.refused("far too long", "no answer", f.vendor("turnstile", true, no).Verify(t.Context(), strings.Repeat("x", 16<<10+1)))
	if n := asked.Load(); n != 0 {
		t.Errorf("the vendor was asked %d times", n)
	}
	f.refused("open", "does not accept", f.vendor("turnstile", true, no).Verify(t.Context(), ""))
	down := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	f.refused("open and down", "", f.vendor("turnstile", true, down).Verify(t.Context(), ""))
}

// A wrong secret is the operator's to hear of, and lets nobody pass.
func TestSiteVerifyStranger(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	w := f.vendor("hcaptcha", true, says(`{"success":false,"error-codes":["invalid-input-secret"]}`))
	f.refused("a wrong secret", "does not accept", w.Verify(t.Context(), "token"))
	if log := f.log.String(); !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "our secret") {
		t.Errorf("the log is %q", log)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		choice captcha.Choice
		wrong  string
	}{
		{captcha.Choice{}, ""},
		{captcha.Choice{Provider: "off"}, ""},
		{captcha.Choice{Provider: "work", Difficulty: 8000}, ""},
		{captcha.Choice{Provider: "turnstile", SiteKey: "a", Secret: "b", Open: true}, ""},
		{captcha.Choice{Provider: "recaptcha", SiteKey: "a", Secret: "b", Score: 0.7}, ""},
		{captcha.Choice{Provider: "arkose"}, "no provider"},
		{captcha.Choice{Provider: "hcaptcha", SiteKey: "a"}, "needs a site key"},
		{captcha.Choice{Provider: "hcaptcha", Secret: "a"}, "needs a site key"},
		{captcha.Choice{Open: true}, "need a vendor"},
		{captcha.Choice{SiteKey: "a"}, "need a vendor"},
		{captcha.Choice{Difficulty: 99}, "difficulty"},
		{captcha.Choice{Difficulty: 100_001}, "difficulty"},
		{captcha.Choice{Difficulty: -1}, "difficulty"},
		{captcha.Choice{Score: 1.1}, "score"},
		{captcha.Choice{Score: -0.1}, "score"},
	} {
		err := c.choice.Check()
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v: %v, want %q", c.choice, err, c.wrong)
		}
	}
	if captcha.New(captcha.Choice{Provider: "off"}, captcha.House{}) != nil {
		t.Error("off is something")
	}
}
