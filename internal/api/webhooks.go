package api

import (
	"cmp"
	"net/http"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/webhook"
)

// webhooks are the routes of the deployment's endpoints, and the same for each organization's.
func (a *API) webhooks() []guard.Route {
	org := func(r *http.Request) identity.TenantID { return identity.TenantID(r.PathValue("org")) }
	return append(a.webhooksAt("/admin/api/webhooks", admin),
		a.webhooksAt("/orgs/{org}/webhooks", guard.Rule{Organization: org, Permission: policy.OrgEdit})...)
}

func (a *API) webhooksAt(path string, rule guard.Rule) []guard.Route {
	fresh := rule // what shows a secret, sends events elsewhere, or ends what others rely on
	fresh.Fresh = freshness
	return []guard.Route{
		op("GET "+path, "List the webhooks", rule, http.StatusOK, a.listWebhooks),
		op("POST "+path, "Add a webhook; its secret is shown once", fresh, http.StatusCreated, a.createWebhook),
		op("GET "+path+"/{id}", "Show a webhook", rule, http.StatusOK, a.getWebhook),
		op("PATCH "+path+"/{id}", "Change, disable or enable a webhook", fresh, http.StatusOK, a.patchWebhook),
		op("DELETE "+path+"/{id}", "Take a webhook away", fresh, http.StatusNoContent, a.deleteWebhook),
		op("POST "+path+"/{id}/rotate", "Give a webhook another secret, shown once; both sign during the overlap", fresh, http.StatusOK, a.rotateWebhook),
		op("POST "+path+"/{id}/test", "Send a test to a webhook", rule, http.StatusAccepted, a.testWebhook),
		op("GET "+path+"/{id}/deliveries", "What was delivered to a webhook, and what was not", rule, http.StatusOK, a.deliveries),
		op("POST "+path+"/{id}/deliveries/{delivery}/replay", "Deliver once more", rule, http.StatusAccepted, a.replay),
		op("POST "+path+"/{id}/replay", "Deliver once more what was given up since a time", fresh, http.StatusAccepted, a.replayDead),
	}
}

// webhook returns the organization and the endpoint that the path names; the deployment's routes
// name no organization.
func (c call) webhook() (identity.TenantID, identity.WebhookID) {
	return identity.TenantID(c.r.PathValue("org")), identity.WebhookID(c.id())
}

type webhookBody struct {
	ID           identity.WebhookID `json:"id"`
	URL          string             `json:"url"`
	Types        []string           `json:"types"`
	Disabled     bool               `json:"disabled"`
	Cause        string             `json:"cause"`        // why it is disabled; "" where it is not
	FailingSince *time.Time         `json:"failingSince"` // null: it accepts
	CreatedAt    time.Time          `json:"createdAt"`
}

func showWebhook(e *webhook.Endpoint) webhookBody {
	return webhookBody{e.ID, e.URL, e.Types, e.Disabled, string(e.Cause), moment(e.Failing), e.CreatedAt}
}

// moment is nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (a *API) listWebhooks(c call, _ none) (page[webhookBody], error) {
	org, _ := c.webhook()
	list, err := a.Webhooks.List(c.r.Context(), org)
	return paged(list, "", showWebhook), err
}

type newWebhookBody struct {
	URL   string   `json:"url"`
	Types []string `json:"types"`
}

type createdWebhookBody struct {
	webhookBody
	Secret string `json:"secret"`
}

func (a *API) createWebhook(c call, in newWebhookBody) (createdWebhookBody, error) {
	org, _ := c.webhook()
	e, key, err := a.Webhooks.Create(c.r.Context(), org, in.URL, in.Types)
	if err != nil {
		return createdWebhookBody{}, err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return createdWebhookBody{showWebhook(e), key}, nil
}

func (a *API) getWebhook(c call, _ none) (webhookBody, error) {
	org, id := c.webhook()
	return shownWebhook(a.Webhooks.ByID(c.r.Context(), org, id))
}

func shownWebhook(e *webhook.Endpoint, err error) (webhookBody, error) {
	if err != nil {
		return webhookBody{}, err
	}
	return showWebhook(e), nil
}

type patchWebhookBody struct {
	URL      *string  `json:"url,omitempty"`
	Types    []string `json:"types,omitempty"`
	Disabled *bool    `json:"disabled,omitempty"`
}

func (a *API) patchWebhook(c call, in patchWebhookBody) (webhookBody, error) {
	org, id := c.webhook()
	return shownWebhook(a.Webhooks.Update(c.r.Context(), org, id, webhook.Change{URL: in.URL, Types: in.Types, Disabled: in.Disabled}))
}

func (a *API) deleteWebhook(c call, _ none) (none, error) {
	org, id := c.webhook()
	return none{}, a.Webhooks.Delete(c.r.Context(), org, id)
}

type rotateWebhookBody struct {
	Overlap string `json:"overlap,omitempty"` // a duration; "" means 24h
}

type rotatedWebhookBody struct {
	Secret        string    `json:"secret"`
	PreviousUntil time.Time `json:"previousUntil"` // how long the secret of before signs as well
}

func (a *API) rotateWebhook(c call, in rotateWebhookBody) (rotatedWebhookBody, error) {
	overlap, err := time.ParseDuration(cmp.Or(in.Overlap, "24h"))
	if err != nil {
		return rotatedWebhookBody{}, identity.ErrInvalid.With("overlap", "must be a duration such as 24h")
	}
	org, id := c.webhook()
	key, until, err := a.Webhooks.Rotate(c.r.Context(), org, id, overlap)
	if err != nil {
		return rotatedWebhookBody{}, err
	}
	c.w.Header().Set("Cache-Control", "no-store")
	return rotatedWebhookBody{key, until}, nil
}

type deliveryBody struct {
	ID            identity.DeliveryID `json:"id"`
	Event         identity.EventID    `json:"event"`
	Type          string              `json:"type"`
	State         webhook.State       `json:"state"`
	Attempts      int                 `json:"attempts"`
	Status        *int                `json:"status"`        // of the last answer; null: there was none
	Error         string              `json:"error"`         // of the last attempt; "" where it was accepted
	NextAttemptAt *time.Time          `json:"nextAttemptAt"` // null: there is none
	CreatedAt     time.Time           `json:"createdAt"`
	DoneAt        *time.Time          `json:"doneAt"`
}

func showDelivery(d webhook.Delivery) deliveryBody {
	b := deliveryBody{d.ID, d.Event, d.Type, d.State, d.Attempts, nil, d.Failed, nil, d.CreatedAt, moment(d.DoneAt)}
	if d.Status != 0 {
		b.Status = &d.Status
	}
	if d.State == webhook.Waiting {
		b.NextAttemptAt = moment(d.DueAt)
	}
	return b
}

func (a *API) testWebhook(c call, _ none) (deliveryBody, error) {
	org, id := c.webhook()
	d, err := a.Webhooks.Test(c.r.Context(), org, id)
	return showDelivery(d), err
}

type deliveryQuery struct {
	listing
	State string `json:"state,omitempty"`
}

func (a *API) deliveries(c call, in deliveryQuery) (page[deliveryBody], error) {
	org, id := c.webhook()
	list, next, err := a.Webhooks.Deliveries(c.r.Context(), org, id, webhook.Query{State: webhook.State(in.State), Limit: in.Limit, Cursor: in.Cursor})
	return paged(list, next, showDelivery), err
}

func (a *API) replay(c call, _ none) (deliveryBody, error) {
	org, id := c.webhook()
	d, err := a.Webhooks.Replay(c.r.Context(), org, id, identity.DeliveryID(c.r.PathValue("delivery")))
	return showDelivery(d), err
}

type replayBody struct {
	Since time.Time `json:"since"`
}

type replayedBody struct {
	Deliveries int64 `json:"deliveries"`
}

func (a *API) replayDead(c call, in replayBody) (replayedBody, error) {
	if in.Since.IsZero() {
		return replayedBody{}, identity.ErrInvalid.With("since", "is missing")
	}
	org, id := c.webhook()
	n, err := a.Webhooks.ReplayDead(c.r.Context(), org, id, in.Since)
	return replayedBody{n}, err
}
