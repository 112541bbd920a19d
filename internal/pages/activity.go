package pages

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
)

// An occurrence is one event as the person it happened to sees it.
type occurrence struct {
	Text    string
	Agent   string // the User-Agent; "" if not known
	IP      string
	At      time.Time
	Warning bool
}

// history is one page of the activity.
type history struct {
	List  []occurrence
	Older string // the address of the next page; "": none
	First bool
}

// silent are events that say again what another one says.
var silent = map[string]bool{identity.EventSessionCreated: true}

// warnings are events that somebody else may have caused.
var warnings = map[string]bool{
	identity.EventLoginFailed: true, identity.EventReuseDetected: true, identity.EventAccessDenied: true,
	identity.EventLoginLocked: true, identity.EventPasswordReset: true, identity.EventResetForced: true, identity.EventEmailChanged: true,
	identity.EventCredentialTaken: true, identity.EventCloneSuspected: true, identity.EventMFARemoved: true,
	identity.EventRecoveryBegun: true, identity.EventRecovered: true, identity.EventRiskAssessed: true, identity.EventSessionMoved: true,
}

func (p *Pages) activity(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "activity", why)
	if err != nil {
		return err
	}
	cursor := r.URL.Query().Get("cursor")
	list, next, err := p.Log.List(r.Context(), audit.Query{Subject: v.Me.ID, Cursor: cursor})
	if err != nil {
		return err
	}
	h := history{First: cursor == ""}
	if next != "" {
		h.Older = v.Link("/account/activity?cursor=" + url.QueryEscape(next))
	}
	for _, e := range list {
		if !silent[e.Type] && e.Data["shadow"] == "" {
			h.List = append(h.List, v.occurrence(e))
		}
	}
	v.Data = h
	return v.render(status(why), "account/activity")
}

func (v *view) occurrence(e identity.Event) occurrence {
	key := "events." + e.Type
	if !v.Has(key) {
		key = "events.other"
	}
	text, _ := v.T(key, "role", e.Data["role"], "type", e.Type, "method", v.nameOf(identity.MethodID(e.Data["method"])))
	return occurrence{Text: text, Agent: e.UserAgent, IP: e.IP, At: e.At, Warning: warnings[e.Type]}
}
