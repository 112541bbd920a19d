package guard

import (
	"cmp"
	"context"
	"crypto/tls"
	"net/http"
	"slices"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// A pass is what one door has established, for the doors behind it in a chain: who is
// authenticated pays once. Only this package can put one into a context. Threat: a handler that
// puts another principal into it, by identity.NewContext, must not be believed by the next door.
type pass struct {
	guard *Guard
	proof proof
	p     identity.Principal // a copy: what a handler does to the one in the context changes nothing
	next  http.Handler       // the door right behind: it alone takes over what follows
	want  policy.Permission  // what an Owner judges by
	meant bool               // the route is for credentials that are limited by scopes
}

// A proof is by what a request proves itself.
type proof struct {
	authorization, key, cookie, cert []string // the last as a proxy hands it on (RFC 9440)
	tls                              *tls.ConnectionState
}

func proofOf(r *http.Request) proof {
	return proof{r.Header["Authorization"], r.Header["X-Api-Key"], r.Header["Cookie"], r.Header["Client-Cert"], r.TLS}
}

// same reports whether two requests prove themselves by the same. Threat: a request that a handler
// makes of another's context, with credentials of its own, would be the other's.
func (p proof) same(q proof) bool {
	return p.tls == q.tls && slices.Equal(p.authorization, q.authorization) && slices.Equal(p.key, q.key) &&
		slices.Equal(p.cookie, q.cookie) && slices.Equal(p.cert, q.cert)
}

type passKey struct{}

// kept returns whom a door before this one has established for this very request; nil where there
// was none. Of the door right before this one it takes over what that door demands. Threat: a
// permission that a whole router demands would else open whatever lies behind an Owner.
func (c *call) kept() *identity.Principal {
	v, _ := c.r.Context().Value(passKey{}).(*pass)
	if v == nil || v.guard != c.Guard {
		return nil
	}
	if v.next == http.Handler(c.door) {
		c.want, c.meant = cmp.Or(c.rule.Permission, v.want), c.meant || v.meant
	}
	if !v.proof.same(proofOf(c.r)) {
		return nil
	}
	p := v.p
	return &p
}

// become makes p the caller.
func (c *call) become(p *identity.Principal) {
	c.p = p
	v := &pass{guard: c.Guard, proof: proofOf(c.r), p: *p, next: c.next, meant: c.meant}
	if c.rule.Owner == nil {
		v.want = c.want
	}
	c.r = c.r.WithContext(context.WithValue(identity.NewContext(c.r.Context(), p), passKey{}, v))
}

// behind walks the doors of a chain from d on, as long as nothing else stands between them.
func (d *door) behind(yield func(*door) bool) {
	for yield(d) {
		next, ok := d.next.(*door)
		if !ok || next.Guard != d.Guard {
			return
		}
		d = next
	}
}

// settled reports whether a door behind d loads the resource and names no permission. There the one
// that d demands is judged, so that who may act on their own only is not sent away before anybody
// knows whose it is.
func (d *door) settled() bool {
	for next := range d.behind {
		if next.rule.Owner != nil {
			return next == d || next.rule.Permission == ""
		}
		if next != d && next.rule.Permission != "" {
			return false
		}
	}
	return false
}

// means reports whether the rule of d, or one right behind it, says what credentials that are
// limited by scopes may do there.
func (d *door) means() bool {
	for next := range d.behind {
		if next.rule.Permission != "" || next.rule.Scope != "" || next.rule.Schemes != nil {
			return true
		}
	}
	return false
}
