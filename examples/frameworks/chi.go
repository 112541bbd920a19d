package frameworks

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/guard"
)

// Chi needs no adapter: its middleware is net/http's, and it sets r.PathValue.
func Chi(gate *gatehouse.Gate, rule guard.Rule, remove http.HandlerFunc) http.Handler {
	router := chi.NewRouter()
	router.With(gate.Require(rule)).Delete("/posts/{id}", remove)
	router.NotFound(gate.Handler().ServeHTTP) // /login, /auth/… and all the rest of the house
	return router
}
