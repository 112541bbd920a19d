package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// A door stands before everything that is served: it logs and measures each request, and
// survives a handler that panics.
type door struct {
	next    http.Handler
	site    *web.Site
	log     *slog.Logger
	measure func(r *http.Request, status int, took time.Duration)
	leaving atomic.Bool
}

// ServeHTTP implements http.Handler.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = d.site.Enter(w, r)
	if d.leaving.Load() {
		w.Header().Set("Connection", "close") // the next request goes to whoever stays
	}
	seen := &web.Witness{ResponseWriter: w}
	defer d.tell(seen, r, time.Now())
	d.next.ServeHTTP(seen, r)
}

// tell must be deferred. The log has the path without its query, where links carry their
// token, and nothing of the header or the body (BUG-35, RST-08).
func (d *door) tell(w *web.Witness, r *http.Request, began time.Time) {
	cause := recover()
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause)
	}
	origin := identity.OriginOf(r.Context())
	if cause != nil {
		err := fmt.Errorf("handler panicked: %v\n%s", cause, debug.Stack())
		if w.Answered() {
			d.log.ErrorContext(r.Context(), "request failed", "requestId", origin.RequestID, "err", err)
			panic(http.ErrAbortHandler) // or the client would take a half answer for a whole one
		}
		web.Fail(w, r, err)
	}
	took := time.Since(began)
	d.log.InfoContext(r.Context(), "request", "method", r.Method, "path", r.URL.Path, "status", w.Status(),
		"duration", took, "requestId", origin.RequestID, "ip", origin.IP)
	d.measure(r, w.Status(), took)
}
