package main

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// fieldsMost is how many fields the header of a request may have. Threat: thousands of short ones
// stay below the bound for bytes and cost time and memory each; browsers and proxies send some
// forty.
const fieldsMost = 128

// admit serves next for as many at once as there are places, and of one address for a share. Threat: a
// body may take 15 seconds to arrive, on 64 streams of each connection. Whoever is turned away costs
// nothing but this answer.
func admit(places *throttle.Crowd, next http.Handler) http.Handler {
	return web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		leave, err := places.Enter(identity.OriginOf(r.Context()).IP)
		if err != nil {
			return err
		}
		defer leave()
		n := 0
		for _, values := range r.Header {
			n += len(values)
		}
		if n > fieldsMost {
			w.Header().Set("Connection", "close")
			return identity.ErrInvalid.With("header", "has too many fields")
		}
		next.ServeHTTP(w, r)
		return nil
	})
}
