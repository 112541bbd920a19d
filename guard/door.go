package guard

import (
	"cmp"
	"errors"
	"net/http"
	"slices"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A door is one route with its rule.
type door struct {
	*Guard
	name    string
	rule    Rule
	next    http.Handler
	schemes []Scheme // those that the rule names first
	loads   bool     // this door, or in a chain one behind it, judges by the resource
	meant   bool     // for credentials that are limited by scopes too
}

// A call is one request on its way through a door.
type call struct {
	*door
	w     http.ResponseWriter
	r     *http.Request
	p     *identity.Principal // nil: nobody
	want  policy.Permission   // the rule's, or in a chain that of the door before; "" is none
	meant bool                // as the door's, or in a chain that of the door before
	on    *policy.Resource    // nil: not loaded
	spent throttle.Rate       // that was used up
}

// steps is the only order there is. What a rule does not demand its step lets pass.
var steps = []struct {
	name string
	ask  func(*call) error
}{
	{"limit", (*call).limit},
	{"authenticate", (*call).authenticate},
	{"forgery", (*call).notForged},
	{"scheme", (*call).scheme},
	{"organization", (*call).within},
	{"role", (*call).role},
	{"scope", (*call).scope},
	{"permission", (*call).permit},
	{"owner", (*call).own},
	{"condition", (*call).condition},
	{"fresh", (*call).fresh},
}

// newDoor puts a door before next.
func (g *Guard) newDoor(name string, rule Rule, next http.Handler) *door {
	d := &door{Guard: g, name: name, rule: rule, next: next, schemes: g.ordered(rule.Schemes)}
	d.loads, d.meant = d.settled(), d.means()
	return d
}

// ServeHTTP implements http.Handler.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = d.Site.Enter(w, r)
	if d.Site.Plain(w, r) || d.Site.CrossOrigin(w, r) {
		return
	}
	r, err := d.admit(w, r)
	if err != nil {
		web.Fail(w, r, err)
		return
	}
	if d.rule.Audit == "" {
		d.next.ServeHTTP(w, r)
		return
	}
	seen := &web.Witness{ResponseWriter: w}
	d.next.ServeHTTP(seen, r)
	d.record(r, seen.Status())
}

// admit asks the rule's demands, one after the other.
func (d *door) admit(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	c := &call{door: d, w: w, r: r, want: d.rule.Permission, meant: d.meant}
	for _, s := range steps {
		if err := s.ask(c); err != nil {
			c.refused(s.name, err)
			return c.r, d.asking(err)
		}
	}
	return c.r, nil
}

func (c *call) authenticate() error {
	if c.rule.Anonymous {
		return nil
	}
	if len(c.r.Header["Authorization"]) > 1 {
		return identity.ErrInvalid.With("Authorization", "stands twice")
	}
	if p := c.kept(); p != nil {
		c.become(p)
		return nil
	}
	p, err := c.principal()
	if err != nil && c.rule.Public && identity.KindOf(err) == identity.Unauthenticated {
		return nil // a stale cookie must not keep anybody from the sign-in page
	}
	if p != nil {
		c.become(p)
	}
	return c.unproved(err)
}

func (c *call) principal() (*identity.Principal, error) {
	for _, s := range c.schemes {
		if p, err := s.Authenticate(c.r); p != nil || err != nil {
			return p, err
		}
	}
	switch {
	case c.r.Header.Get("X-API-Key") != "":
		return nil, identity.ErrAPIKey
	case c.r.Header.Get("Authorization") != "":
		return nil, identity.ErrInvalidToken
	case len(c.rule.Schemes) == 1 && c.rule.Schemes[0] == identity.SchemeAPIKey:
		e := *identity.ErrNoCredentials
		e.Message = "API key required"
		return nil, &e
	default:
		return nil, identity.ErrNoCredentials
	}
}

// notForged demands of a browser that one of our pages sent the request, and where a cookie was
// the credential the token too (BUG-45). A credential that no browser sends by itself is proof
// enough. Threat: it does send a certificate, and a Basic password that it was told once, for any
// page that asks.
func (c *call) notForged() error {
	byCookie := c.p != nil && c.p.Cookie
	if c.rule.CrossSite || !byCookie && web.Deliberate(c.r) {
		return nil
	}
	return c.Forgery.Check(c.w, c.r, byCookie && !c.rule.Public)
}

// scheme demands a credential that is meant for such a route. Threat: a key or a token that was
// made for one purpose would be worth as much as its owner wherever a rule names nothing.
func (c *call) scheme() error {
	switch {
	case c.rule.Schemes != nil:
		if c.p == nil {
			return c.unproved(identity.ErrNoCredentials)
		}
		if !slices.Contains(c.rule.Schemes, c.p.Scheme) {
			return identity.ErrScope.Because(reason("the route is not for scheme " + string(c.p.Scheme)))
		}
	case c.p != nil && c.p.Scopes != nil && !c.meant && !c.rule.Public:
		return identity.ErrScope.Because(reason("the route is not for credentials that are limited by scopes"))
	}
	return nil
}

// ordered returns the schemes, those that a rule names first: a service that shows a certificate
// beside its token is on a route for certificates the service.
func (g *Guard) ordered(named []identity.SchemeID) []Scheme {
	var first, others []Scheme
	for _, s := range g.Schemes {
		if c, ok := s.(Challenger); ok && slices.Contains(named, c.ID()) {
			first = append(first, s)
		} else {
			others = append(others, s)
		}
	}
	return append(first, others...)
}

// asking makes a 401 name the schemes that the rule names, in its order. A cookie has no
// challenge; where there is none the house's own stands, for there must be one.
func (d *door) asking(err error) error {
	var e *identity.Error
	if d.rule.Schemes == nil || !errors.As(err, &e) || e.Kind != identity.Unauthenticated {
		return err
	}
	asks := *e
	for _, id := range d.rule.Schemes {
		if id == identity.SchemeBearer {
			asks.Challenges = append(asks.Challenges, web.Challenge(e))
		}
		for _, s := range d.schemes {
			if c, ok := s.(Challenger); ok && c.ID() == id && id != identity.SchemeBearer {
				asks.Challenges = append(asks.Challenges, c.Challenge())
			}
		}
	}
	return &asks
}

// route is what the log calls the route.
func (d *door) route(r *http.Request) string { return cmp.Or(r.Pattern, d.name) }

type reason string

func (r reason) Error() string { return string(r) }
