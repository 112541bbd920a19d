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
	return s.Limiter.Spent(ctx, s.address(from))
}

// failed counts a failure against the address, and against the ID whether or not there is such a
// client. The ID's count only changes the answer to what is wrong: a right secret is always let in.
// Threat: whoever knows the ID of a service, which is no secret, could else lock it out.
func (s *Scheme) failed(ctx context.Context, from, id string, cause error) error {
	err := s.Limiter.Fail(ctx, s.address(from))
	if id != "" && err == nil {
		err = s.Limiter.Fail(ctx, throttle.Budget{Key: "basic client " + id, Rate: s.Limiter.Rate(throttle.FailedClient)})
		s.record(ctx, from, id)
	}
	if err != nil {
		return err
	}
	return identity.ErrRejected.Because(cause)
}

func (s *Scheme) address(from string) throttle.Budget {
	return throttle.Budget{Key: "basic address " + from, Rate: s.Limiter.Rate(throttle.FailedClients)}
}

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
