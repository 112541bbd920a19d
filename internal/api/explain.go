package api

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// explaining tells administrators why a request was refused. Threat: told to anybody else it would
// say which resources exist and who may do what.
func (a *API) explaining() []guard.Route {
	return []guard.Route{
		op("GET /admin/api/requests/{id}", "Explain why a request was refused", admin, http.StatusOK, a.explain),
	}
}

func (a *API) explain(c call, _ none) (guard.Explanation, error) {
	return a.Explain(c.r.Context(), identity.RequestID(c.id()))
}
