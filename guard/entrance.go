package guard

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/identity"
)

// An Entrance is a rule for requests that get no answer over HTTP: the calls of gRPC.
type Entrance struct{ door *door }

// Entrance returns an Entrance by the rule. It panics where Protect would.
func (g *Guard) Entrance(name string, rule Rule) *Entrance {
	g.check(name, rule)
	return &Entrance{g.newDoor(name, rule, nil)}
}

// Admit asks the rule's demands of a request that carries the credentials and the address of a
// call. It returns the request with the caller in its context, or why it is refused: mostly an
// *identity.Error.
func (e *Entrance) Admit(r *http.Request) (*http.Request, error) {
	w := unheard{}
	return e.door.admit(w, e.door.Site.Enter(w, r))
}

// Record notes a call that was admitted and has run, where the rule says so; err is what it
// returned.
func (e *Entrance) Record(r *http.Request, err error) {
	if e.door.rule.Audit != "" {
		status := http.StatusOK
		if err != nil {
			status = http.StatusInternalServerError
		}
		e.door.record(r, status)
	}
}

// RequestID returns what an admitted or refused request is called in the log, for the caller to
// tell an operator.
func RequestID(r *http.Request) identity.RequestID { return identity.OriginOf(r.Context()).RequestID }

// unheard takes the header of an answer that nobody gets.
type unheard http.Header

func (u unheard) Header() http.Header         { return http.Header(u) }
func (u unheard) Write(b []byte) (int, error) { return len(b), nil }
func (u unheard) WriteHeader(int)             {}
