package guard

import (
	"context"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// An Explanation is a Refusal with what would have passed, by the policy that is now in force.
type Explanation struct {
	Refusal
	Passes []string `json:"passes"` // any of these: "role editor"
}

// Explain says why a request was refused. It knows the last refusals of this process, and of the
// whole house those that are in the audit log: of authenticated callers, the first in a minute for
// a caller and a route. For any other request it returns identity.ErrNotFound. Whoever shows the
// answer must see to it that only operators ask.
func (g *Guard) Explain(ctx context.Context, id identity.RequestID) (Explanation, error) {
	if v, ok := g.Refusal(id); ok {
		return g.explained(v), nil
	}
	events, err := g.Log.OfRequest(ctx, id)
	if err != nil {
		return Explanation{}, err
	}
	for _, e := range events {
		if e.Type == identity.EventAccessDenied {
			return g.explained(remembered(e)), nil
		}
	}
	return Explanation{}, identity.ErrNotFound
}

func (g *Guard) explained(v Refusal) Explanation {
	passes := g.Access.Policy().Grants(v.Permission)
	if v.Permission == "" || len(passes) == 0 {
		passes = []string{v.Demand}
	}
	return Explanation{v, passes}
}

// event is how a refusal stands in the audit log; remembered reads it again.
func (v Refusal) event(p *identity.Principal) identity.Event {
	data := map[string]string{
		"route": v.Route, "step": v.Step, "code": v.Code, "reason": v.Reason, "demand": v.Demand, "caller": v.Caller, "scheme": string(v.Scheme),
	}
	for name, value := range map[string]string{
		"roles": strings.Join(v.Roles, " "), "permission": string(v.Permission), "key": string(p.KeyID),
	} {
		if value != "" {
			data[name] = value
		}
	}
	if v.Scopes != nil {
		data["scopes"] = strings.Join(v.Scopes, " ")
	}
	return identity.Event{Type: identity.EventAccessDenied, Subject: p.UserID, Org: p.TenantID, Data: data}
}

func remembered(e identity.Event) Refusal {
	v := Refusal{
		RequestID: e.RequestID, At: e.At, Route: e.Data["route"], Step: e.Data["step"], Code: e.Data["code"], Reason: e.Data["reason"],
		Demand: e.Data["demand"], Caller: e.Data["caller"], Scheme: identity.SchemeID(e.Data["scheme"]), Roles: strings.Fields(e.Data["roles"]),
		Permission: policy.Permission(e.Data["permission"]),
	}
	if scopes, ok := e.Data["scopes"]; ok {
		v.Scopes = strings.Fields(scopes)
	}
	return v
}
