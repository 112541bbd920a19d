package guard

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// ringSize is how many refusals are remembered: a few megabytes.
const ringSize = 10_000

// A Refusal is why one request was not let in. It is for operators only: told to the caller it
// would be an oracle.
type Refusal struct {
	RequestID  identity.RequestID `json:"requestId"`
	At         time.Time          `json:"at"`
	Route      string             `json:"route"`
	Step       string             `json:"step"`                 // of the rule: "permission", "fresh"
	Scheme     identity.SchemeID  `json:"scheme,omitempty"`     // "" of a stranger
	Caller     string             `json:"caller,omitempty"`     // a user or a client; "" is a stranger
	Roles      []string           `json:"roles,omitempty"`      // of the caller, those in the organization too
	Scopes     []string           `json:"scopes,omitempty"`     // of the credential; nil: not limited by scopes
	Code       string             `json:"code"`                 // what the caller was told
	Reason     string             `json:"reason"`               // what the caller was not told
	Demand     string             `json:"demand"`               // what the step demanded
	Permission policy.Permission  `json:"permission,omitempty"` // that a role could have granted
}

// A ring remembers the last refusals of this process. Whoever floods the house with requests that
// are refused can push the others out of it, and no more.
type ring struct {
	mu   sync.Mutex
	list []Refusal
	next int                        // the oldest, once the list is full
	at   map[identity.RequestID]int // where each is
}

func (r *ring) add(v Refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[identity.RequestID]int{}
	}
	if len(r.list) < ringSize {
		r.at[v.RequestID] = len(r.list)
		r.list = append(r.list, v)
		return
	}
	delete(r.at, r.list[r.next].RequestID)
	r.at[v.RequestID], r.list[r.next] = r.next, v
	r.next = (r.next + 1) % ringSize
}

func (r *ring) find(id identity.RequestID) (Refusal, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.at[id]
	if !ok {
		return Refusal{}, false
	}
	return r.list[i], true
}

// Refusal finds why a request was refused, among the last ten thousand of this process.
func (g *Guard) Refusal(id identity.RequestID) (Refusal, bool) { return g.refusals.find(id) }

// told is what an operator learns of a refusal.
func (c *call) told(step string, err error) Refusal {
	v := Refusal{
		RequestID: identity.OriginOf(c.r.Context()).RequestID, At: c.Now().UTC(), Route: c.route(c.r), Step: step,
		Code: identity.CodeOf(err), Reason: clip(cause(err)), Demand: clip(c.demand(step, err)), Caller: c.p.Name(),
	}
	if p := c.p; p != nil {
		v.Scheme, v.Roles, v.Scopes = p.Scheme, slices.Concat(p.Roles, p.TenantRoles), p.Scopes
	}
	if grantable(step, err) {
		v.Permission = c.want
	}
	return v
}

// grantable reports whether a role could have made the difference.
func grantable(step string, err error) bool {
	return step == "permission" && errors.Is(err, identity.ErrForbidden) ||
		step == "owner" && (errors.Is(err, identity.ErrNotFound) || errors.Is(err, identity.ErrPolicy))
}

// cause is what an error says to the log only, or else what it says to everybody.
func cause(err error) string {
	var e *identity.Error
	switch {
	case !errors.As(err, &e):
		return err.Error()
	case e.Err != nil:
		return e.Err.Error()
	default:
		return e.Message
	}
}

// clip bounds what a refusal costs to remember: an organization is what the caller says it is.
func clip(text string) string { return text[:min(len(text), 500)] }
