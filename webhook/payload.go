package webhook

import (
	"encoding/json"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// Test is the type of a delivery that somebody asked for to try an endpoint. It is no event of
// the log.
const Test = "webhook.test"

// payload is the body of a delivery (Standard Webhooks).
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // when it happened
	Data      event     `json:"data"`
}

// event is an event as it leaves the house. It names people by their IDs only; where somebody
// was, and with which browser, is told to the deployment's own endpoints and not to an
// organization's: a tenant is another controller of personal data, and does not need it.
type event struct {
	ID        identity.EventID   `json:"id"`
	Seq       int64              `json:"seq"`
	Type      string             `json:"type"`
	At        time.Time          `json:"at"`
	Actor     string             `json:"actor"`
	Subject   identity.UserID    `json:"subject"`
	Org       *identity.TenantID `json:"org"`
	IP        string             `json:"ip,omitempty"`
	UserAgent string             `json:"userAgent,omitempty"`
	RequestID identity.RequestID `json:"requestId"`
	Data      map[string]string  `json:"data"`
}

// encode writes an event for an endpoint of an organization, of the deployment where to is empty.
func encode(of *identity.Event, to identity.TenantID) ([]byte, error) {
	e := *of
	if to != "" {
		e = e.Told()
	}
	v := event{e.ID, e.Seq, e.Type, e.At.UTC(), e.Actor, e.Subject, nil, e.IP, e.UserAgent, e.RequestID, e.Data}
	if e.Org != "" {
		v.Org = &e.Org
	}
	if to != "" {
		v.IP, v.UserAgent = "", ""
	}
	return json.Marshal(payload{e.Type, v.At, v})
}
