package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/verify"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	oauth      = "/.well-known/oauth-authorization-server"
	openID     = "/.well-known/openid-configuration"
	jwks       = "/.well-known/jwks.json"
	introspect = "/oauth/introspect"
)

type object = map[string]any

// An issuer is one over HTTP, with a clock that stands still until somebody waits, that answers
// what a test wants.
type issuer struct {
	testing.TB
	*httptest.Server
	clock atomic.Int64 // since start
	key   *jose.Key    // that signs

	mu      sync.Mutex
	calls   map[string]int
	answers map[string]http.HandlerFunc // by path
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{TB: t, calls: map[string]int{}, answers: map[string]http.HandlerFunc{}}
	i.Server = httptest.NewServer(i)
	t.Cleanup(i.Close)
	i.says(oauth, http.StatusOK, object{"issuer": i.URL, "jwks_uri": i.URL + jwks, "introspection_endpoint": i.URL + introspect})
	i.key = generate(t, jose.ES256, "k1")
	i.publishes(i.key)
	return i
}

// ServeHTTP implements http.Handler.
func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.calls[r.URL.Path]++
	answer := i.answers[r.URL.Path]
	i.mu.Unlock()
	if answer == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, r)
}

func (i *issuer) does(path string, answer http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answers[path] = answer
}

// says answers with a text, or with anything else as JSON.
func (i *issuer) says(path string, status int, v any) {
	i.Helper()
	text, ok := v.(string)
	if !ok {
		raw, err := json.Marshal(v)
		i.must(err)
		text = string(raw)
	}
	i.does(path, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	})
}

func (i *issuer) publishes(keys ...*jose.Key) {
	i.Helper()
	set, err := jose.JWKS(keys)
	i.must(err)
	i.says(jwks, http.StatusOK, string(set))
}

// breaks answers 500 to everything until the returned function is called.
func (i *issuer) breaks() (mend func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	kept := maps.Clone(i.answers)
	for path := range i.answers {
		i.answers[path] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }
	}
	return func() {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.answers = kept
	}
}

func (i *issuer) called(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.calls[path]
}

func (i *issuer) now() time.Time { return start.Add(time.Duration(i.clock.Load())) }

func (i *issuer) wait(d time.Duration) { i.clock.Add(int64(d)) }

func (i *issuer) must(err error) {
	i.Helper()
	if err != nil {
		i.Fatal(err)
	}
}

// refuses fails unless err is the error wanted; a nil want is success.
func (i *issuer) refuses(what string, err, want error) {
	i.Helper()
	if !errors.Is(err, want) {
		i.Errorf("%s: %v, want %v", what, err, want)
	}
}

// eventually waits for what happens in the background.
func (i *issuer) eventually(what string, ok func() bool) {
	i.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	i.Fatal("never: " + what)
}

// guard returns a Verifier of the issuer with the issuer's clock.
func (i *issuer) guard(options ...func(*verify.Config)) *verify.Verifier {
	c := verify.Config{Now: i.now, Logger: slog.New(slog.DiscardHandler), ClientID: "cli_shop", ClientSecret: "s3cret"}
	for _, option := range options {
		option(&c)
	}
	v, err := verify.New(i.URL, c)
	if err != nil { // Fatal and Helper may not be called inside the target of a fuzz test
		panic(err)
	}
	return v
}

// claims are those of a token of a user; more changes them, and nil takes one away.
func (i *issuer) claims(more object) object {
	now := i.now()
	c := object{
		"iss": i.URL, "aud": i.URL, "sub": "usr_ada", "client_id": "first-party", "jti": "t1", "sid": "ses_1", "gid": "grt_1",
		"iat": now.Unix(), "exp": now.Add(15 * time.Minute).Unix(), "auth_time": now.Unix(), "ver": 1,
	}
	for name, v := range more {
		if c[name] = v; v == nil {
			delete(c, name)
		}
	}
	return c
}

func (i *issuer) token(more object) string { return i.tokenBy(i.key, "at+jwt", more) }

func (i *issuer) tokenBy(k *jose.Key, typ string, more object) string {
	i.Helper()
	token, err := jose.Sign(k, typ, i.claims(more))
	i.must(err)
	return token
}

func generate(t testing.TB, alg jose.Algorithm, id string) *jose.Key {
	t.Helper()
	k, err := jose.Generate(alg, id)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func expired(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	t.Cleanup(cancel)
	return ctx
}

func check(v *verify.Verifier, token string) error {
	_, err := v.Verify(context.Background(), token)
	return err
}

// send calls a route with a token, or with none.
func send(h http.Handler, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/posts/1", http.NoBody)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// verdict is status and code of an answer.
func verdict(w *httptest.ResponseRecorder) string {
	var p struct{ Code string }
	_ = json.Unmarshal(w.Body.Bytes(), &p)
	return strings.TrimSpace(fmt.Sprint(w.Code, " ", p.Code))
}

// hello answers 200 and says who called.
var hello = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte(identity.FromContext(r.Context()).Name()))
})

// sign makes a token of the text of its claims, without the braces.
func sign(k *jose.Key, members string) (string, error) {
	return jose.Sign(k, "at+jwt", json.RawMessage("{"+members+"}"))
}
