package api

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/gatehouse-id/gatehouse/access"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// policies are the routes of the stored policy. A longer text than a body may have, 64 KiB, is
// for the configuration.
func (a *API) policies() []guard.Route {
	return []guard.Route{
		op("GET /admin/api/policy", "Show the policy in force", admin, http.StatusOK, a.getPolicy),
		op("PUT /admin/api/policy", "Put another policy in force", adminFresh, http.StatusOK, a.putPolicy),
		op("POST /admin/api/policy/check", "Say whether a policy could be put in force", admin, http.StatusOK, a.checkPolicy),
		op("GET /admin/api/policy/history", "The policies that were in force", admin, http.StatusOK, a.policyHistory),
		op("GET /admin/api/policy/history/{id}", "Show one of them", admin, http.StatusOK, a.pastPolicy),
		op("POST /admin/api/policy/rollback", "Put a past policy in force again", adminFresh, http.StatusOK, a.rollbackPolicy),
		op("GET /admin/api/policy/shadow", "What the policy in shadow would have decided otherwise, on this machine", admin, http.StatusOK, a.getShadow),
		op("PUT /admin/api/policy/shadow", "Ask another policy too, without doing what it says", adminFresh, http.StatusOK, a.putShadow),
		op("DELETE /admin/api/policy/shadow", "Ask it no more", adminFresh, http.StatusNoContent, a.deleteShadow),
	}
}

// policyBody is the policy in force: as it was written, and what it comes to.
type policyBody struct {
	ID                *identity.PolicyID             `json:"id"` // null: it is not stored
	Source            string                         `json:"source"`
	Text              string                         `json:"text"`
	Permissions       []policy.Permission            `json:"permissions"`
	Roles             map[string][]policy.Permission `json:"roles"`
	OrganizationRoles map[string][]policy.Permission `json:"organizationRoles"`
	Scopes            map[string][]policy.Permission `json:"scopes"`
}

func (a *API) getPolicy(c call, _ none) (b policyBody, err error) {
	written, source, err := a.Access.InForce(c.r.Context())
	if err != nil {
		return b, err
	}
	p := a.Access.Policy()
	b = policyBody{
		Source: source, Text: written.Text, Permissions: p.Permissions(), Roles: spelled(p.Roles(false), p.Of),
		OrganizationRoles: spelled(p.Roles(true), p.OfOrganization), Scopes: spelled(p.Scopes(), p.OfScopes),
	}
	if written.ID != "" {
		b.ID = &written.ID
	}
	return b, nil
}

func spelled(names []string, of func([]string) []policy.Permission) map[string][]policy.Permission {
	all := map[string][]policy.Permission{}
	for _, name := range names {
		all[name] = of([]string{name})
	}
	return all
}

type policyTextBody struct {
	Policy string `json:"policy"` // in YAML, as docs/howto/policy-in-production.md shows it
}

// text is the policy that was sent. Threat: a forgotten member would be the empty policy, and
// take every role its permissions; whoever means that writes {}.
func (b policyTextBody) text() (string, error) {
	if b.Policy == "" {
		return "", identity.ErrInvalid.With("policy", "is missing")
	}
	return b.Policy, nil
}

func (a *API) putPolicy(c call, in policyTextBody) (policyBody, error) {
	text, err := in.text()
	if err != nil {
		return policyBody{}, err
	}
	if _, err := a.Access.Apply(c.r.Context(), text, c.me().Name()); err != nil {
		return policyBody{}, err
	}
	return a.getPolicy(c, none{})
}

// A fault is what is wrong with a policy.
type fault struct {
	Line  *int   `json:"line"` // null: nowhere in particular
	Error string `json:"error"`
}

type checkedBody struct {
	OK     bool    `json:"ok"`
	Errors []fault `json:"errors"`
}

var onLine = regexp.MustCompile(`(?s)^line (\d+): (.*)$`)

func (a *API) checkPolicy(_ call, in policyTextBody) (checkedBody, error) {
	text, err := in.text()
	if err != nil {
		return checkedBody{}, err
	}
	_, err = a.Access.Check(text)
	var e *identity.Error
	switch {
	case err == nil:
		return checkedBody{true, []fault{}}, nil
	case !errors.As(err, &e) || e.Kind != identity.Invalid:
		return checkedBody{}, err
	}
	f := fault{Error: e.Fields["policy"]}
	if at := onLine.FindStringSubmatch(f.Error); at != nil {
		line, _ := strconv.Atoi(at[1])
		f.Line, f.Error = &line, at[2]
	}
	return checkedBody{false, []fault{f}}, nil
}

type storedPolicyBody struct {
	ID        identity.PolicyID `json:"id"`
	State     string            `json:"state"`
	Actor     string            `json:"actor"`
	CreatedAt time.Time         `json:"createdAt"`
	Text      string            `json:"text,omitempty"` // not in a list
}

func showStored(p access.Stored) storedPolicyBody {
	return storedPolicyBody{p.ID, p.State, p.Actor, p.CreatedAt, p.Text}
}

func (a *API) policyHistory(c call, in listing) (page[storedPolicyBody], error) {
	list, next, err := a.Access.Policies(c.r.Context(), access.Page{Limit: in.Limit, Cursor: in.Cursor})
	return paged(list, next, showStored), err
}

func (a *API) pastPolicy(c call, _ none) (storedPolicyBody, error) {
	p, err := a.Access.Stored(c.r.Context(), identity.PolicyID(c.id()))
	if err != nil {
		return storedPolicyBody{}, err
	}
	return showStored(*p), nil
}

type rollbackBody struct {
	ID identity.PolicyID `json:"id"`
}

func (a *API) rollbackPolicy(c call, in rollbackBody) (policyBody, error) {
	if err := legible(in.ID); err != nil {
		return policyBody{}, err
	}
	if _, err := a.Access.Rollback(c.r.Context(), in.ID, c.me().Name()); err != nil {
		return policyBody{}, err
	}
	return a.getPolicy(c, none{})
}

// differenceBody is a kind of decision that the policy in shadow makes otherwise.
type differenceBody struct {
	Permission policy.Permission `json:"permission"`
	Route      string            `json:"route"` // "": of no route
	Now        bool              `json:"now"`
	Would      bool              `json:"would"`
	Count      int64             `json:"count"`
	Last       struct {
		At          time.Time          `json:"at"`
		RequestID   identity.RequestID `json:"requestId"`
		Caller      string             `json:"caller"`
		NowReason   string             `json:"nowReason"`
		WouldReason string             `json:"wouldReason"`
	} `json:"last"`
}

func showDifference(d access.Difference) differenceBody {
	b := differenceBody{Permission: d.Permission, Route: d.Route, Now: d.Now, Would: d.Would, Count: d.Count}
	b.Last.At, b.Last.RequestID, b.Last.Caller = d.Last.UTC(), d.RequestID, d.Caller
	b.Last.NowReason, b.Last.WouldReason = d.NowDecision.Reason, d.WouldDecision.Reason
	return b
}

type shadowBody struct {
	storedPolicyBody
	Fault       *string          `json:"fault"` // why this machine cannot ask it; null: it can
	Decided     int64            `json:"decided"`
	Failed      int64            `json:"failed"`
	Differences []differenceBody `json:"differences"`
	Others      int64            `json:"others"`
}

func (a *API) getShadow(c call, _ none) (shadowBody, error) {
	r, err := a.Access.Shadowed(c.r.Context())
	if err != nil {
		return shadowBody{}, err
	}
	b := shadowBody{showStored(r.Stored), nil, r.Decided, r.Failed, paged(r.Differences, "", showDifference).Items, r.Others}
	if r.Fault != "" {
		b.Fault = &r.Fault
	}
	return b, nil
}

func (a *API) putShadow(c call, in policyTextBody) (shadowBody, error) {
	text, err := in.text()
	if err != nil {
		return shadowBody{}, err
	}
	if _, err := a.Access.SetShadow(c.r.Context(), text, c.me().Name()); err != nil {
		return shadowBody{}, err
	}
	return a.getShadow(c, none{})
}

func (a *API) deleteShadow(c call, _ none) (none, error) {
	return none{}, a.Access.ClearShadow(c.r.Context(), c.me().Name())
}
