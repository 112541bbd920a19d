package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A leak is a server that tells known addresses at one endpoint.
type leak struct {
	path string
	tell func(w http.ResponseWriter)
}

func (l leak) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/auth/methods" {
		_, _ = io.WriteString(w, `{"methods":["password","passkey","magic-link","email-code"]}`)
		return
	}
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Request-Id", time.Now().String())
	if l.tell != nil && r.URL.Path == l.path && bytes.Contains(body, []byte("ada@example.com")) {
		l.tell(w)
	}
	_, _ = io.WriteString(w, `{"login":"`+strings.Repeat("x", 43)+`","to":"somebody"}`)
}

// check asks a leaky server and returns the status of the program with what it printed.
func check(t *testing.T, h http.Handler, args ...string) (status int, out, problems string) {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	var stdout, stderr bytes.Buffer
	p := &Program{In: strings.NewReader(""), Out: &stdout, Err: &stderr}
	status = p.Run(t.Context(), append([]string{"check", "enumeration", server.URL, "--known", "ada@example.com", "--within", "8ms", "--pairs", "8"}, args...))
	return status, stdout.String(), stderr.String()
}

// The check finds whatever tells a known address from others, and where; and nothing where nothing
// does. A check that finds nothing anywhere would be none (RAT-14, BUG-21).
func TestCheckEnumeration(t *testing.T) {
	for _, c := range []struct {
		name  string
		leak  leak
		found string
	}{
		{"nothing", leak{}, ""},
		{"time", leak{"/auth/forgot-password", func(http.ResponseWriter) { time.Sleep(20 * time.Millisecond) }}, "FAIL"},
		{"status", leak{"/auth/register", func(w http.ResponseWriter) { w.WriteHeader(http.StatusConflict) }}, "registration: the answers differ: only for the known address: status 409 Conflict"},
		{"body", leak{"/auth/login/passkey", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "Ada") }}, "passkey: the answers differ: only for the known address: body Ada"},
		{"header", leak{"/auth/login", func(w http.ResponseWriter) { w.Header().Set("X-Since", "2020") }}, "sign-in: the answers differ: only for the known address: X-Since: 2020"},
		{"cookie", leak{"/auth/magic-link", func(w http.ResponseWriter) { w.Header().Set("Set-Cookie", "visit=abc; Path=/") }}, "magic-link: the answers differ: only for the known address: Set-Cookie: visit=*; Path=/"},
	} {
		status, out, problems := check(t, c.leak)
		if (status == 1) != (c.found != "") || !strings.Contains(out, c.found) || (status == 1) != strings.Contains(problems, "who has an account") {
			t.Errorf("%s: status %d\n%s%s", c.name, status, out, problems)
		}
	}
}

// Its JSON says the same.
func TestCheckEnumerationJSON(t *testing.T) {
	status, out, _ := check(t, leak{"/auth/login", func(http.ResponseWriter) { time.Sleep(20 * time.Millisecond) }}, "--json")
	var r comparison
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	e := r.Endpoints[0]
	if status != 1 || r.Passed || e.Endpoint != "sign-in" || e.Passed || e.Difference < 12 || e.Allowed != 8 || e.P > 0.01 || e.Right < 0.99 || len(e.Answers) > 0 {
		t.Errorf("status %d: %+v", status, r)
	}
}

// Where it cannot be asked, it says why and what to do.
func TestCheckEnumerationRefused(t *testing.T) {
	limited := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) })
	elsewhere := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") })
	for _, c := range []struct {
		handler http.Handler
		args    []string
		want    string
	}{
		{limited, nil, "--dev-no-limits"},
		{elsewhere, nil, "is not of a gatehouse"},
		{leak{}, []string{"--known", "ada"}, "is no address"},
		{leak{}, []string{"--pairs", "0"}, "at least 1"},
	} {
		if status, out, problems := check(t, c.handler, c.args...); status != 1 || !strings.Contains(problems, c.want) {
			t.Errorf("%v: status %d\n%s%s", c.args, status, out, problems)
		}
	}
}

// Of samples that are alike a guess is a coin, of those that are not it is right.
func TestRankSum(t *testing.T) {
	times := func(from, step, n int) (list []time.Duration) {
		for i := range n {
			list = append(list, time.Duration(from+step*i))
		}
		return list
	}
	for _, c := range []struct {
		name          string
		a, b          []time.Duration
		pLow, pHigh   float64
		right, middle float64 // middle: the median of a
	}{
		{"the same", times(0, 1, 100), times(0, 1, 100), 0.99, 1, 0.5, 49},
		{"all equal", times(7, 0, 50), times(7, 0, 50), 1, 1, 0.5, 7},
		{"apart", times(0, 1, 100), times(100, 1, 100), 0, 1e-9, 1, 49},
		{"a textbook", []time.Duration{1, 2, 3, 4, 5}, []time.Duration{6, 7, 8, 9, 10}, 0.008, 0.010, 1, 3},
		{"half over", times(0, 1, 100), times(50, 1, 100), 0, 1e-9, 0.875, 49},
	} {
		p, right := rankSum(c.a, c.b)
		if p < c.pLow || p > c.pHigh || right < c.right-0.001 || right > c.right+0.001 || median(c.a) != time.Duration(c.middle) {
			t.Errorf("%s: p %v, right %v, median %v", c.name, p, right, median(c.a))
		}
	}
}
