package webhook_test

import (
	"crypto/x509"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/webhook"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var failedSignIn = identity.Event{Type: identity.EventLoginFailed, Actor: "usr_1"}

const acme, globex identity.TenantID = "org_acme", "org_globex"

// A fixture is a store, its log, and a clock that only the test moves.
type fixture struct {
	*webhook.Store
	t     testing.TB
	since *atomic.Int64
}

func open(t testing.TB, db *sqldb.DB) *fixture {
	t.Helper()
	key := secret.Bytes(secret.Size)
	box, err := secret.NewBox(key)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, since: &atomic.Int64{}}
	now := func() time.Time { return start.Add(time.Duration(f.since.Load())) }
	sign := func(message []byte) (string, error) { return hex.EncodeToString(secret.MAC(key, message)), nil }
	f.Store = &webhook.Store{
		DB: db, Now: now, Log: &audit.Log{DB: db, Now: now, Sign: sign}, Open: box.Open,
		Seal:   func(plain []byte, context string) ([]byte, error) { return box.Seal(plain, context), nil },
		Caller: &outbound.Client{}, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	return f
}

func each(t *testing.T, fn func(*fixture)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) { fn(open(t, db)) })
}

// next is another machine on the same database.
func (f *fixture) next() *webhook.Store {
	return &webhook.Store{DB: f.DB, Now: f.Now, Log: f.Log, Open: f.Open, Seal: f.Seal, Caller: f.Caller, Logger: f.Logger}
}

func (f *fixture) wait(d time.Duration) { f.since.Add(int64(d)) }

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// happens records events of some types in an organization, seals them and spreads them.
func (f *fixture) happens(org identity.TenantID, types ...string) {
	f.t.Helper()
	ctx := identity.WithOrigin(f.t.Context(), &identity.Origin{IP: "192.0.2.7", UserAgent: "Example/1.0", RequestID: "req_1"})
	for _, typ := range types {
		f.must(f.Log.Record(ctx, identity.Event{Type: typ, Actor: "usr_1", Subject: "usr_2", Org: org, Data: map[string]string{"method": "password"}}))
	}
	f.spreads()
}

func (f *fixture) spreads() {
	f.t.Helper()
	_, err := f.Log.Seal(f.t.Context())
	f.must(err)
	f.must(f.Spread(f.t.Context()))
}

// delivers attempts what is due.
func (f *fixture) delivers(want int) {
	f.t.Helper()
	n, err := f.Deliver(f.t.Context())
	f.must(err)
	if n != want {
		f.t.Errorf("%d attempts, want %d", n, want)
	}
}

// log returns the deliveries of an endpoint, newest first.
func (f *fixture) log(e *webhook.Endpoint, state webhook.State) []webhook.Delivery {
	f.t.Helper()
	list, _, err := f.Deliveries(f.t.Context(), e.Org, e.ID, webhook.Query{State: state})
	f.must(err)
	return list
}

// only returns the one delivery of an endpoint, which must be in a state.
func (f *fixture) only(e *webhook.Endpoint, state webhook.State) webhook.Delivery {
	f.t.Helper()
	list := f.log(e, "")
	if len(list) != 1 || list[0].State != state {
		f.t.Fatalf("%+v, want one that is %s", list, state)
	}
	return list[0]
}

// events returns the events of a type, the newest first.
func (f *fixture) events(typ string) []identity.Event {
	f.t.Helper()
	list, _, err := f.Log.List(f.t.Context(), audit.Query{Type: typ})
	f.must(err)
	return list
}

// A receiver is a server on this machine that keeps what it gets.
type receiver struct {
	*httptest.Server
	answer func(w http.ResponseWriter, n int) // to the request of that number, from 1; nil: 204

	mu  sync.Mutex
	got []request
}

type request struct {
	header http.Header
	body   string
}

// receives starts a receiver that the store may call from now on.
func (f *fixture) receives(answer func(w http.ResponseWriter, n int)) *receiver {
	f.t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewTLSServer(r)
	f.t.Cleanup(r.Close)
	roots := x509.NewCertPool()
	roots.AddCert(r.Certificate()) // that of every httptest server
	f.Caller = &outbound.Client{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Roots: roots}
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	r.mu.Lock()
	r.got = append(r.got, request{q.Header, string(body)})
	n := len(r.got)
	r.mu.Unlock()
	if r.answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	r.answer(w, n)
}

func (r *receiver) requests() []request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

// about returns the request whose body names a type; deliveries come in no order.
func (r *receiver) about(typ string) request {
	for _, q := range r.requests() {
		if strings.HasPrefix(q.body, `{"type":"`+typ+`"`) {
			return q
		}
	}
	return request{}
}

func status(code int) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, _ int) { w.WriteHeader(code) }
}

// endpoint makes an endpoint at a receiver.
func (f *fixture) endpoint(org identity.TenantID, r *receiver, types ...string) (*webhook.Endpoint, string) {
	f.t.Helper()
	e, key, err := f.Create(f.t.Context(), org, r.URL, types)
	f.must(err)
	return e, key
}

// signedBy reports whether a request is signed by a secret, as the library of Standard Webhooks
// sees it.
func (q request) signedBy(key string) bool {
	w, err := standard.NewWebhook(key)
	return err == nil && w.VerifyIgnoringTimestamp([]byte(q.body), q.header) == nil
}
