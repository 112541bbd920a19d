// Package basic authenticates services by the ID and the secret of a client (RFC 7617). Never a
// person: a password that travels with each request would stand in every log and proxy on the way
// (BAS-01).
//
// It owns the reading of the field and the limit on failures. It does not know how secrets are
// kept.
package basic

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A Scheme reads the Authorization field. All fields are required.
type Scheme struct {
	Site    *web.Site
	Clients *client.Store
	Limiter *throttle.Limiter
	Log     *audit.Log
}

var _ guard.Scheme = (*Scheme)(nil)

// Challenge is the WWW-Authenticate field of a 401 (RFC 7617 section 2).
const Challenge = `Basic realm="gatehouse", charset="UTF-8"`

// How many failures are answered with 401; after them comes 429.
var (
	perAddress = throttle.Rate{N: 100, Per: 15 * time.Minute}
	perClient  = throttle.Rate{N: 10, Per: 15 * time.Minute}
)

// ID names the scheme in a Rule.
func (s *Scheme) ID() identity.SchemeID { return identity.SchemeBasic }

// Challenge says how to use the scheme.
func (s *Scheme) Challenge() string { return Challenge }

// errPlain is a credential that travelled in clear, or would have.
var errPlain = identity.ErrInvalid.With("Authorization", "Basic is for https only; change the secret if it was a real one")

// Authenticate implements guard.Scheme. An unknown client, a wrong secret and a field that is not
// well formed are one answer, identity.ErrRejected, and become identity.ErrRateLimited.
func (s *Scheme) Authenticate(r *http.Request) (*identity.Principal, error) {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return nil, nil
	}
	if s.inClear(r) {
		return nil, errPlain
	}
	from := throttle.Network(identity.OriginOf(r.Context()).IP)
	if err := s.spent(r.Context(), from); err != nil {
		return nil, err
	}
	id, word, err := parse(text)
	if err != nil {
		return nil, s.failed(r.Context(), from, "", err)
	}
	c, err := s.Clients.Authenticate(r.Context(), identity.ClientID(id), word)
	switch {
	case errors.Is(err, identity.ErrRejected):
		return nil, s.failed(r.Context(), from, id, err)
	case err != nil:
		return nil, err
	}
	return &identity.Principal{Scheme: identity.SchemeBasic, ClientID: c.ID, Roles: c.Roles, Scopes: c.Scopes}, nil
}

// inClear reports whether the field may be read on the way: the house is not reached by https, or
// a proxy says that this request did not come by it. A development server is reached on its own
// machine only.
func (s *Scheme) inClear(r *http.Request) bool {
	if !s.Site.Secure() {
		return !web.Loopback(s.Site.Public.Hostname())
	}
	return r.TLS == nil && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "http")
}

// spent looks whether the address has failed too often, without a count: a service that sends many
// requests at once is none that guesses. A flood of guesses that are all under way at once passes
// this look, and finds nothing: a secret has 256 bits. The limit keeps it from the database.
func (s *Scheme) spent(ctx context.Context, from string) error {
	if s.Limiter.Off {
		return nil
	}
	sum, end, err := s.Limiter.Store.Count(ctx, addressKey(from), 0, perAddress.Per)
	if err == nil && sum >= perAddress.N {
		err = identity.ErrRateLimited.In(end.Sub(s.Limiter.Now()))
	}
	return err
}

// failed counts a failure against the address, and against the ID whether or not there is such a
// client. The ID's count only changes the answer to what is wrong: a right secret is always let in.
// Threat: whoever knows the ID of a service, which is no secret, could else lock it out.
func (s *Scheme) failed(ctx context.Context, from, id string, cause error) error {
	_, err := s.Limiter.Allow(ctx, addressKey(from), perAddress)
	if id != "" && err == nil {
		_, err = s.Limiter.Allow(ctx, "basic client "+id, perClient)
		s.record(ctx, from, id)
	}
	if err != nil {
		return err
	}
	return identity.ErrRejected.Because(cause)
}

func addressKey(from string) string { return "basic address " + from }

// record tells of a failure, once a minute for an ID and an address: a service that was forgotten
// in a rotation is one line, and cannot flood the log.
func (s *Scheme) record(ctx context.Context, from, id string) {
	first, err := s.Limiter.Store.Claim(ctx, "basic rejected "+from+" "+id, time.Minute)
	if err == nil && first {
		err = s.Log.Record(context.WithoutCancel(ctx), identity.Event{Type: identity.EventClientRejected, Data: map[string]string{"client": id}})
	}
	if err != nil && s.Site.Log != nil {
		s.Site.Log.ErrorContext(ctx, "event not recorded", "type", identity.EventClientRejected, "err", err)
	}
}
