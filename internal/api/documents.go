package api

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

func (a *API) documents() []guard.Route {
	return []guard.Route{
		{
			Pattern: "GET /.well-known/jwks.json", Rule: anonymous, Handler: web.Handler(a.jwks),
			About: guard.Operation{Summary: "The public keys that verify our tokens", Out: keySet{}},
		},
		op("GET /healthz", "Whether the process is alive", anonymous, http.StatusOK, a.alive),
		{
			Pattern: "GET /readyz", Rule: anonymous, Handler: web.Handler(a.ready),
			About: guard.Operation{Summary: "Whether the house can serve, with each dependency named", Out: readyBody{}},
		},
	}
}

// jwks may be kept for a minute: after an emergency rotation nobody trusts a stolen key for
// longer, and the next key of an ordinary one was published long before.
func (a *API) jwks(w http.ResponseWriter, r *http.Request) error {
	web.Published(w.Header())
	publish(w, r, keySet{}.mediaType(), time.Minute, a.Keys.JWKS())
	return nil
}

// keySet is a JWK Set (RFC 7517 section 5).
type keySet struct {
	Keys []map[string]string `json:"keys"`
}

func (keySet) mediaType() string { return "application/jwk-set+json" }

// publish answers with a text that is the same for everybody and may be kept for age. Who
// has it already is told so (RFC 9110 section 13.1.2).
func publish(w http.ResponseWriter, r *http.Request, media string, age time.Duration, text []byte) {
	h, tag := w.Header(), `"`+hex.EncodeToString(secret.Hash(string(text))[:8])+`"`
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", seconds(age)))
	h.Set("ETag", tag)
	for has := range strings.SplitSeq(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(has), "W/") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h.Set("Content-Type", media)
	_, _ = w.Write(text) // the client is gone, or has it
}

func (a *API) alive(call, none) (state, error) { return state{"ok"}, nil }

type readyBody struct {
	Status string            `json:"status"`
	Checks map[string]string `json:"checks"`
}

// Degraded is the state of a dependency without which the house can serve, and why it is so.
type Degraded string

// Error implements error.
func (d Degraded) Error() string { return "degraded: " + string(d) }

// ready names each dependency, in the fields of the error where one fails. What is wrong
// with it is for the log: strangers may ask.
func (a *API) ready(w http.ResponseWriter, r *http.Request) error {
	checks, ready := map[string]string{}, true
	for name, err := range a.Ready(r) {
		checks[name] = "ok"
		if errors.As(err, new(Degraded)) {
			checks[name] = "degraded"
		} else if err != nil {
			checks[name], ready = "failing", false
			a.Site.Log.ErrorContext(r.Context(), "not ready", "dependency", name, "err", err)
		}
	}
	if ready {
		return web.JSON(w, http.StatusOK, readyBody{"ready", checks})
	}
	e := identity.ErrUnavailable.In(time.Second)
	e.Fields = checks
	return e
}
