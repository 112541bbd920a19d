package verify

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A door is one route with its demand.
type door struct {
	*Verifier
	demand Demand
	next   http.Handler
}

// Protect returns h behind a demand. It panics, as a mux does for a pattern, for a Demand that
// could open to nobody or means something else than it says: one that introspects where Config
// has no client, and a Permission that is a pattern or ends with ":own", which is Owner's to ask.
func (v *Verifier) Protect(d Demand, h http.Handler) http.Handler {
	if fault := v.fault(d); fault != "" {
		panic(fmt.Sprintf("verify: %s", fault))
	}
	return &door{v, d, h}
}

// Require is Protect for those who prefer chains of middleware.
func (v *Verifier) Require(d Demand) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler { return v.Protect(d, h) }
}

func (v *Verifier) fault(d Demand) string {
	switch {
	case d.Introspect && v.config.ClientSecret == "":
		return "Demand.Introspect needs Config.ClientID and Config.ClientSecret"
	case strings.HasSuffix(d.Permission, own) || strings.ContainsAny(d.Permission, "* "):
		return fmt.Sprintf("Demand.Permission is %q, which is not one permission", d.Permission)
	case d.Fresh < 0:
		return "Demand.Fresh is less than nothing"
	}
	for _, scope := range d.Scopes {
		if scope == "" || strings.ContainsAny(scope, " \t\"\\") {
			return fmt.Sprintf("Demand.Scopes has %q, which is not one scope", scope)
		}
	}
	return ""
}

// ServeHTTP implements http.Handler.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := call{door: d, r: r}
	for _, s := range steps {
		if err := s.ask(&c); err != nil {
			d.refuse(w, r, c.p, s.name, err)
			return
		}
	}
	if c.p != nil {
		r = r.WithContext(identity.NewContext(r.Context(), c.p))
	}
	d.next.ServeHTTP(w, r)
}

// refuse answers a request that is not let in, and tells the log why: the caller is not told,
// to whom it would be an oracle.
func (d *door) refuse(w http.ResponseWriter, r *http.Request, p *identity.Principal, step string, err error) {
	id := identity.OriginOf(r.Context()).RequestID
	if id == "" {
		id = identity.NewID[identity.RequestID]("req", d.config.Now())
	}
	e := face(err)
	d.config.Logger.Log(r.Context(), level(e.Kind), "request refused",
		"requestId", string(id), "route", r.Pattern, "step", step, "caller", p.Name(), "code", e.Code, "reason", err.Error())
	answer(w, id, e, d.demand.Scopes)
}

// level is how loud a refusal is: a stranger without a token is everyday, an issuer that cannot be
// reached is not.
func level(kind identity.Kind) slog.Level {
	switch kind { //nolint:exhaustive // the default says it for the rest
	case identity.Unauthenticated, identity.NotFound, identity.Invalid:
		return slog.LevelDebug
	case identity.Forbidden:
		return slog.LevelInfo
	default:
		return slog.LevelWarn
	}
}
