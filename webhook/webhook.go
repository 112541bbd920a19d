// Package webhook tells programs elsewhere what happened, by the Standard Webhooks convention.
//
// It owns the tables webhooks, webhook_deliveries and webhook_cursor: endpoints of the deployment
// and of organizations, and what became of each delivery. It reads the audit log by seq and knows
// no event but its own. How a request leaves, and where it may not go, is internal/outbound's.
//
// Spread makes a row for each endpoint that wants an event, in the transaction that moves the
// cursor past it. Run claims rows that are due, posts outside of any transaction and writes down
// what came of it. A machine that dies in between has its rows claimed again 20 seconds later, so
// a delivery comes at least once, always under the same webhook-id.
package webhook

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

// A Caller reaches addresses that strangers choose; outbound.Client is one.
type Caller interface {
	CheckURL(text string) error
	Post(ctx context.Context, to string, header map[string]string, body []byte) (outbound.Answer, error)
}

// A Store is the only code that touches the tables of webhooks. Any number of them, in any number
// of processes, may work on one database. All fields but Logger are required.
type Store struct {
	DB  *sqldb.DB
	Log *audit.Log
	Now func() time.Time
	// Seal and Open keep the secrets of endpoints unreadable in the database.
	Seal   func(plain []byte, context string) ([]byte, error)
	Open   func(sealed []byte, context string) ([]byte, error)
	Caller Caller
	Logger *slog.Logger // nil is silent

	delivered, retried, dropped atomic.Int64

	once   sync.Once
	rung   chan struct{}
	slots  slots
	flying sync.WaitGroup
	last   identity.WebhookID // the endpoint that was served last
}

// An Endpoint is where deliveries go.
type Endpoint struct {
	ID        identity.WebhookID
	Org       identity.TenantID // whose events it gets; empty: those of the whole deployment
	URL       string
	Types     []string // patterns: login.failed, login.*, *
	Disabled  bool
	Cause     Cause     // why it is disabled; empty: it is not
	Failing   time.Time // since when nothing was accepted; zero: it is
	CreatedAt time.Time
}

// A Cause says why an endpoint gets nothing.
type Cause string

// The causes.
const (
	Asked   Cause = "asked"   // somebody turned it off
	Gone    Cause = "gone"    // it answered 410
	Failing Cause = "failing" // it accepted nothing for five days
)

const (
	active   = "active"
	disabled = "disabled"

	// Threat: a tenant without a limit makes the house their tool for a flood.
	mostOfOrganization = 10
	mostOfDeployment   = 50
)

const columns = `id, org_id, url, types, state, cause, failing_at, created_at`

func scan(row func(...any) error) (*Endpoint, error) {
	var e Endpoint
	var types, state string
	var failing, created int64
	err := row(&e.ID, &e.Org, &e.URL, &types, &state, &e.Cause, &failing, &created)
	e.Types, e.Disabled, e.CreatedAt = strings.Fields(types), state != active, time.UnixMicro(created).UTC()
	if failing > 0 {
		e.Failing = time.UnixMicro(failing).UTC()
	}
	return &e, err
}

// Create adds an endpoint of an organization, of the deployment where org is empty, and returns
// its secret, which is shown once. It gets what happens from now on. A URL that may not be called
// and types that are none are identity.ErrInvalid, one endpoint too many is identity.ErrConflict.
func (s *Store) Create(ctx context.Context, org identity.TenantID, to string, types []string) (*Endpoint, string, error) {
	patterns, err := checkTypes(types)
	if err == nil {
		err = s.checkURL(to)
	}
	if err != nil {
		return nil, "", err
	}
	if err := s.begin(ctx); err != nil {
		return nil, "", err
	}
	now := s.Now()
	e := &Endpoint{identity.NewID[identity.WebhookID]("whk", now), org, to, strings.Fields(patterns), false, "", time.Time{}, now.UTC().Truncate(time.Microsecond)}
	key := newSecret()
	sealed, err := s.sealSecrets(e.ID, secrets{Current: key})
	if err != nil {
		return nil, "", err
	}
	return e, key, s.DB.Tx(ctx, func(ctx context.Context) error {
		if _, err := s.DB.Exec(ctx, `INSERT INTO webhooks (id, org_id, url, types, sealed, state, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			string(e.ID), string(org), to, patterns, sealed, active, now.UnixMicro()); err != nil {
			return err
		}
		if err := s.checkCount(ctx, org); err != nil {
			return err
		}
		return s.record(ctx, identity.EventWebhookCreated, e, nil)
	})
}

func (s *Store) checkURL(text string) error {
	if err := s.Caller.CheckURL(text); err != nil {
		return identity.ErrInvalid.With("url", err.Error())
	}
	return nil
}

func (s *Store) checkCount(ctx context.Context, org identity.TenantID) error {
	var n int
	_, err := s.DB.Row(ctx, []any{&n}, `SELECT COUNT(*) FROM webhooks WHERE org_id = $1`, string(org))
	if err == nil && (org != "" && n > mostOfOrganization || n > mostOfDeployment) {
		return identity.ErrConflict.Because(errTooMany)
	}
	return err
}

// record tells the audit log what became of an endpoint. Only the host is told of where it is:
// people put keys into paths.
func (s *Store) record(ctx context.Context, typ string, e *Endpoint, more map[string]string) error {
	data := map[string]string{"webhook": string(e.ID)}
	if u, err := url.Parse(e.URL); err == nil {
		data["host"] = u.Host
	}
	for name, value := range more {
		data[name] = value
	}
	return s.Log.Record(ctx, identity.Event{Type: typ, Org: e.Org, Data: data})
}

// ByID finds an endpoint of an organization, or returns identity.ErrNotFound: that of another one
// is none.
func (s *Store) ByID(ctx context.Context, org identity.TenantID, id identity.WebhookID) (*Endpoint, error) {
	list, err := sqldb.All(ctx, s.DB, scan, `SELECT `+columns+` FROM webhooks WHERE id = $1 AND org_id = $2`, string(id), string(org))
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, identity.ErrNotFound
	}
	return list[0], nil
}

// List returns the endpoints of an organization, the oldest first. They are few.
func (s *Store) List(ctx context.Context, org identity.TenantID) ([]*Endpoint, error) {
	return sqldb.All(ctx, s.DB, scan, `SELECT `+columns+` FROM webhooks WHERE org_id = $1 ORDER BY created_at, id`, string(org))
}

// Delete takes an endpoint away with everything that was to be delivered to it.
func (s *Store) Delete(ctx context.Context, org identity.TenantID, id identity.WebhookID) error {
	return s.DB.Tx(ctx, func(ctx context.Context) error {
		e := &Endpoint{ID: id, Org: org}
		found, err := s.DB.Change(ctx, []any{&e.URL}, `DELETE FROM webhooks WHERE id = $1 AND org_id = $2 RETURNING url`, string(id), string(org))
		if err != nil {
			return err
		}
		if !found {
			return identity.ErrNotFound
		}
		return s.record(ctx, identity.EventWebhookDeleted, e, nil)
	})
}

// Forget takes all endpoints of an organization away, in the transaction that deletes it.
func (s *Store) Forget(ctx context.Context, org identity.TenantID) error {
	if org == "" {
		return nil
	}
	_, err := s.DB.Exec(ctx, `DELETE FROM webhooks WHERE org_id = $1`, string(org))
	return err
}
