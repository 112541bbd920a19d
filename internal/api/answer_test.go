package api_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// An answer is what came back, read to its end.
type answer struct {
	testing.TB
	request string // "POST /auth/login"
	status  int
	header  http.Header
	cookies []*http.Cookie
	text    string
	body    map[string]any
}

func take(t testing.TB, request string, r *http.Response) answer {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{TB: t, request: request, status: r.StatusCode, header: r.Header, cookies: r.Cookies(), text: string(text)}
	if len(text) > 0 && strings.Contains(r.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &a.body); err != nil {
			t.Errorf("%s: %v in %s", request, err, text)
		}
	}
	return a
}

// is fails unless the answer has the status and, for an error, the code; then it checks
// what all errors have (the conventions of the contract).
func (a answer) is(status int, code string) answer {
	a.Helper()
	if got, _ := a.body["code"].(string); a.status != status || got != code {
		a.Fatalf("%s: %d %s, want %d %s: %s", a.request, a.status, got, status, code, a.text)
	}
	if status < 400 {
		return a
	}
	for _, member := range []string{"error", "requestId"} {
		if text, _ := a.body[member].(string); text == "" {
			a.Errorf("%s: no %s in %s", a.request, member, a.text)
		}
	}
	for _, c := range []struct {
		name string
		ok   bool
	}{
		{"requestId is not X-Request-Id", a.body["requestId"] == a.header.Get("X-Request-Id")},
		{"Cache-Control", a.header.Get("Cache-Control") == "no-store"},
		{"WWW-Authenticate", (a.header.Get("WWW-Authenticate") != "") == (status == http.StatusUnauthorized)},
		{"Retry-After", (a.header.Get("Retry-After") != "") == (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable)},
		{"retryAfter", (a.body["retryAfter"] != nil) == (a.header.Get("Retry-After") != "")},
	} {
		if !c.ok {
			a.Errorf("%s: %s: %v %s", a.request, c.name, a.header, a.text)
		}
	}
	return a
}

// names fails unless the validation error is about exactly the member.
func (a answer) names(member string) answer {
	a.Helper()
	fields, _ := a.body["fields"].(map[string]any)
	if got := slices.Collect(maps.Keys(fields)); len(got) != 1 || got[0] != member {
		a.Errorf("%s: it names %q, want %q: %s", a.request, got, member, a.text)
	}
	return a
}

// at returns the value at a path: "user.id", "items.0.id".
func (a answer) at(path string) any {
	a.Helper()
	var v any = a.body
	for step := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			i := int(step[0] - '0')
			if i >= len(in) {
				a.Fatalf("%s: no %s in %s", a.request, path, a.text)
			}
			v = in[i]
		default:
			a.Fatalf("%s: no %s in %s", a.request, path, a.text)
		}
	}
	return v
}

func (a answer) str(path string) string {
	a.Helper()
	s, ok := a.at(path).(string)
	if !ok {
		a.Fatalf("%s: %s is no string in %s", a.request, path, a.text)
	}
	return s
}

// has fails unless the body, or the object at a path in it, has exactly the members.
func (a answer) has(path string, members ...string) answer {
	a.Helper()
	v := a.body
	if path != "" {
		v, _ = a.at(path).(map[string]any)
	}
	slices.Sort(members)
	if got := slices.Sorted(maps.Keys(v)); !slices.Equal(got, members) {
		a.Errorf("%s: %s has %q, want %q", a.request, path, got, members)
	}
	return a
}

var cookieValue = regexp.MustCompile(`=[^;]+`)

// jar returns the cookies that the answer sets, each with its attributes as they were sent
// and, where it has a value, "*" for it. The mark of a browser that has signed in is left out: it
// comes once with whatever sign-in is the first (TestKnownBrowser).
func (a answer) jar() []string {
	var list []string
	for _, line := range a.header["Set-Cookie"] {
		name, rest, _ := strings.Cut(line, ";")
		if strings.HasPrefix(strings.TrimPrefix(name, "__Host-"), "known=") {
			continue
		}
		list = append(list, cookieValue.ReplaceAllString(name, "=*")+";"+rest)
	}
	slices.Sort(list)
	return list
}

// sets fails unless the answer sets exactly these cookies.
func (a answer) sets(want ...string) answer {
	a.Helper()
	slices.Sort(want)
	if got := a.jar(); !slices.Equal(got, want) {
		a.Errorf("%s: it sets\n  %s\nwant\n  %s", a.request, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	return a
}

func (a answer) cookie(name string) string {
	a.Helper()
	for _, c := range a.cookies {
		if c.Name == name {
			return c.Value
		}
	}
	a.Fatalf("%s: no cookie %s in %v", a.request, name, a.jar())
	return ""
}
