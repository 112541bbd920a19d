package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
)

// Every scheme of the house's may ask: a credential that is limited by scopes learns what it may
// do within them.
var asker = guard.Rule{Schemes: []identity.SchemeID{
	identity.SchemeCookie, identity.SchemeBearer, identity.SchemeAPIKey, identity.SchemeBasic, identity.SchemeMTLS,
}}

// questionsMost is how many questions one request may ask.
const questionsMost = 100

func (a *API) decisions() []guard.Route {
	return []guard.Route{
		op("POST /auth/decisions", "Whether I may do something, as advice: who owns a resource is what the caller says", asker, http.StatusOK, a.decide),
	}
}

// A question asks whether the caller may do something. Owner, organization and attributes are
// what the caller claims of the resource, so the answer is advice: for a page that hides a
// button, for a service that knows its own data. It is never what guards the resource.
type question struct {
	Permission   policy.Permission `json:"permission,omitempty"`
	Resource     *resourceBody     `json:"resource,omitempty"`
	Organization identity.TenantID `json:"organization,omitempty"` // in which the caller acts
}

type resourceBody struct {
	Type         string            `json:"type,omitempty"`
	ID           string            `json:"id,omitempty"`
	Owner        identity.UserID   `json:"owner,omitempty"`
	Organization identity.TenantID `json:"organization,omitempty"`
	Attributes   json.RawMessage   `json:"attributes,omitempty"`
}

// questionsBody is one question, or a list of them.
type questionsBody struct {
	question
	Requests []question      `json:"requests,omitempty"`
	As       identity.UserID `json:"as,omitempty"` // for administrators: of whom to ask
}

// answerBody is the answer to one question, or the answers to a list in its order.
type answerBody struct {
	Allowed *bool        `json:"allowed,omitempty"`
	Reasons []string     `json:"reasons,omitempty"`
	Rule    string       `json:"rule,omitempty"`   // for administrators
	Reason  string       `json:"reason,omitempty"` // for administrators
	Items   []answerBody `json:"items,omitempty"`
}

func (a *API) decide(c call, in questionsBody) (answerBody, error) {
	if in.Requests == nil {
		q, err := a.asking(c, in.As)
		if err != nil {
			return answerBody{}, err
		}
		return q.answer(in.question, "")
	}
	if in.Permission != "" || in.Resource != nil || in.Organization != "" {
		return answerBody{}, identity.ErrInvalid.With("requests", "stands beside a question of its own")
	}
	if len(in.Requests) == 0 || len(in.Requests) > questionsMost {
		return answerBody{}, identity.ErrInvalid.With("requests", fmt.Sprintf("must be 1 to %d questions", questionsMost))
	}
	q, err := a.asking(c, in.As)
	if err != nil {
		return answerBody{}, err
	}
	all := answerBody{Items: make([]answerBody, len(in.Requests))}
	for i, one := range in.Requests {
		if all.Items[i], err = q.answer(one, fmt.Sprintf("requests.%d.", i)); err != nil {
			return answerBody{}, err
		}
	}
	return all, nil
}

// An inquiry is who asks, and of whom.
type inquiry struct {
	*API
	call
	of    *identity.Principal
	admin bool // may know which rule decided
}

// asking says of whom a request asks: of the caller, or for an administrator of anybody.
func (a *API) asking(c call, as identity.UserID) (inquiry, error) {
	q := inquiry{API: a, call: c, of: c.me()}
	q.admin = a.authorize(c, policy.Request{Principal: q.of, Permission: policy.Admin}).Allow && a.Flow.Assured(q.of)
	if as == "" {
		return q, nil
	}
	if !q.admin {
		e := *identity.ErrForbidden
		e.Message = "Requires permission: " + string(policy.Admin)
		return q, &e
	}
	if err := legible(as); err != nil {
		return q, err
	}
	user, err := a.Accounts.ByID(c.r.Context(), as)
	if err != nil {
		return q, err
	}
	q.of = &identity.Principal{UserID: user.ID, Roles: user.Roles}
	return q, nil
}

func (a *API) authorize(c call, r policy.Request) policy.Decision {
	r.Context = policy.Context{Now: a.Flow.Now(), IP: identity.OriginOf(c.r.Context()).IP}
	return a.Access.Authorize(c.r.Context(), r)
}

// causes are the words for why something is not allowed. They say no more than the caller could
// find out by asking for other resources.
var causes = map[policy.Cause]string{
	policy.OutOfScope: "scope", policy.NoRole: "role", policy.Foreign: "organization", policy.NotOwner: "owner", policy.Refused: "condition",
}

func no(word string) answerBody {
	allowed := false
	return answerBody{Allowed: &allowed, Reasons: []string{word}}
}

// answer decides one question. The member that an error names stands below path.
func (q inquiry) answer(in question, path string) (b answerBody, err error) {
	if in.Permission == "" {
		return b, identity.ErrInvalid.With(path+"permission", "is missing")
	}
	if !q.Access.Policy().Registered(in.Permission) {
		return b, identity.ErrInvalid.With(path+"permission", fmt.Sprintf("%q is not registered", string(in.Permission)))
	}
	r := policy.Request{Principal: q.of, Permission: in.Permission}
	if r.Resource, err = q.resource(in.Resource, path+"resource."); err != nil {
		return b, err
	}
	if in.Organization != "" {
		if err = legible(in.Organization); err == nil {
			r.Principal, err = q.Access.Within(q.r.Context(), q.of, in.Organization)
		}
		if errors.Is(err, identity.ErrNotFound) {
			return no("organization"), nil // there is none, or the caller is not in it: the same to an outsider
		}
		if err != nil {
			return b, err
		}
	}
	d := q.authorize(q.call, r)
	switch {
	case !d.Allow:
		b = no(causes[d.Cause])
	case !q.Flow.Assured(r.Principal):
		b = no("assurance") // not until the sign-in is as strong as the roles demand
	default:
		b = answerBody{Allowed: &d.Allow, Reasons: []string{reasonOf(d)}}
	}
	if q.admin {
		b.Rule, b.Reason = d.Rule, d.Reason
	}
	return b, nil
}

// reasonOf is the word for why something is allowed.
func reasonOf(d policy.Decision) string {
	switch {
	case strings.HasPrefix(d.Rule, "condition "):
		return "condition"
	case strings.HasSuffix(d.Rule, ", own"):
		return "owner"
	default:
		return "role"
	}
}

func (q inquiry) resource(in *resourceBody, path string) (*policy.Resource, error) {
	if in == nil {
		return nil, nil
	}
	declared := q.Access.Policy().File().Resources
	on := &policy.Resource{Type: in.Type, ID: in.ID, Owner: in.Owner, Organization: in.Organization}
	attributes, member, err := attributes(in.Attributes, declared[in.Type])
	if err != nil {
		return nil, identity.ErrInvalid.With(path+"attributes"+member, err.Error())
	}
	on.Attributes = attributes
	return on, nil
}

// attributes reads what a caller says of a resource, each as the type that the policy declares.
// On failure member is which one, with a dot before it.
func attributes(text json.RawMessage, declared map[string]string) (list map[string]any, member string, err error) {
	if len(text) == 0 {
		return nil, "", nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, "", errors.New("must be an object")
	}
	list = map[string]any{}
	for name, value := range raw {
		as, ok := declared[name]
		if !ok {
			return nil, "." + name, errors.New("is not declared by the policy")
		}
		if list[name], err = attribute(value, as); err != nil {
			return nil, "." + name, err
		}
	}
	return list, "", nil
}

// attribute reads one value of a type of Cedar.
func attribute(text json.RawMessage, as string) (any, error) {
	if string(text) == "null" {
		return nil, errors.New("must not be null")
	}
	switch as {
	case "Bool":
		return read[bool](text, "must be true or false")
	case "Long":
		return read[int64](text, "must be a whole number")
	case "datetime":
		return read[time.Time](text, "must be a time as in RFC 3339")
	case "Set<String>":
		return read[[]string](text, "must be a list of strings")
	default:
		return read[string](text, "must be a string")
	}
}

func read[T any](text json.RawMessage, otherwise string) (any, error) {
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, errors.New(otherwise)
	}
	return v, nil
}
