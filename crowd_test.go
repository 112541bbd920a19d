package gatehouse

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// Requests that hash, mail or write are few at a time, of one address fewer; the others go on.
func TestCostlyAreFew(t *testing.T) {
	c := &throttle.Crowd{Most: 16}
	inside, leave := make(chan int), make(chan struct{})
	slow := few(c, public("POST /auth/login"), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		inside <- 0
		<-leave
	}))
	ask := func(h http.Handler, ip string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(identity.WithOrigin(t.Context(), &identity.Origin{IP: ip}), http.MethodPost, "/", nil)
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK && (w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "2") {
			t.Errorf("%s: %d, Retry-After %q", ip, w.Code, w.Header().Get("Retry-After"))
		}
		return w.Code
	}
	answers := make(chan int)
	enter := func(ip string) {
		go func() { answers <- ask(slow, ip) }()
		<-inside
	}
	enter("2001:db8::1")
	enter("2001:db8::2")
	if ask(slow, "2001:db8::3") != http.StatusServiceUnavailable {
		t.Error("one network has more than its share")
	}
	for i := range 14 {
		enter(string(rune('a'+i/2)) + ".example")
	}
	if ask(slow, "192.0.2.200") != http.StatusServiceUnavailable {
		t.Error("more than all are under way")
	}
	cheap := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, pattern := range []string{"GET /.well-known/jwks.json", "GET /auth/me", "GET /auth/check", "POST /auth/refresh"} {
		if ask(few(c, public(pattern), cheap), "2001:db8::3") != http.StatusOK {
			t.Errorf("%s is refused in a flood", pattern)
		}
	}
	close(leave)
	for range 16 {
		if status := <-answers; status != http.StatusOK {
			t.Errorf("somebody inside was answered %d", status)
		}
	}
	if status := ask(few(c, public("POST /auth/login"), cheap), "2001:db8::3"); status != http.StatusOK {
		t.Errorf("when all have left somebody is answered %d", status)
	}
}

func public(pattern string) guard.Route {
	return guard.Route{Pattern: pattern, Rule: guard.Rule{Public: true}}
}

// What is said to be cheap is a route of ours: a name that is misspelt would be costly.
func TestCheapAreRoutes(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "routes.golden"))
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]bool{}
	for line := range strings.Lines(string(golden)) {
		if f := strings.Fields(line); len(f) > 1 {
			routes[f[0]+" "+f[1]] = true
		}
	}
	for _, pattern := range cheap {
		if !routes[pattern] {
			t.Errorf("%s is no route", pattern)
		}
	}
	if costly(public("GET /auth/me")) || costly(guard.Route{Pattern: "POST /auth/change-password"}) || !costly(public("POST /auth/login")) || !costly(public("POST /signup")) {
		t.Error("what is costly is not what it was")
	}
}
