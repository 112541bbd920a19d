package pages

import (
	"html"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// A device is one session as its owner sees it.
type device struct {
	ID      identity.SessionID
	Agent   string // its User-Agent
	IP      string
	Place   string // coarsely; "": not known
	Seen    string // "2 hours ago"
	Began   time.Time
	Current bool
	Mobile  bool
}

// recently is how long after its last request a device counts as in use.
const recently = 5 * time.Minute

func (p *Pages) devices(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "devices", why)
	if err != nil {
		return err
	}
	list, err := p.Sessions.List(r.Context(), v.Me.ID)
	if err != nil {
		return err
	}
	here := identity.FromContext(r.Context()).SessionID
	shown := make([]device, 0, len(list))
	for _, s := range list {
		d := device{
			ID: s.ID, Agent: s.UserAgent, IP: s.IP, Place: p.Flow.Place(s.IP), Seen: v.seen(p.Now().Sub(s.SeenAt)), Began: s.CreatedAt,
			Current: s.ID == here, Mobile: strings.Contains(s.UserAgent, "Mobile"),
		}
		if d.Current { // it comes first: the reader looks for it
			shown = append([]device{d}, shown...)
			continue
		}
		shown = append(shown, d)
	}
	v.Data = shown
	return v.render(status(why), "account/devices")
}

// Device names the browser of a User-Agent, each name isolated.
func (v *view) Device(agent string) (template.HTML, error) {
	if browser, system, ok := parts(agent); ok {
		return v.Rich("devices.browser", "browser", browser, "system", system)
	}
	text, err := v.Label(agent)
	return template.HTML("<bdi>" + html.EscapeString(text) + "</bdi>"), err //nolint:gosec // it is escaped
}

// Label is Device in plain text.
func (v *view) Label(agent string) (string, error) {
	if browser, system, ok := parts(agent); ok {
		return v.T("devices.browser", "browser", browser, "system", system)
	}
	if name := notify.Device(agent); name != "" {
		return name, nil
	}
	return v.T("devices.unknown")
}

func parts(agent string) (browser, system string, ok bool) {
	return strings.Cut(notify.Device(agent), " on ")
}

func (v *view) seen(ago time.Duration) string {
	if ago < recently {
		return v.words["devices.now"]
	}
	text, _ := v.T("devices.seen", "ago", v.ago(ago))
	return text
}

// endSession signs out one device, or all but this one. One that is gone, or was never the
// caller's, is out already.
func (p *Pages) endSession(w http.ResponseWriter, r *http.Request) error {
	me := identity.FromContext(r.Context())
	if r.PostForm.Get("others") != "" {
		if err := p.Flow.SignOutAll(r.Context(), me.UserID, me.SessionID); err != nil {
			return err
		}
		return p.see(w, r, "/account/devices?done=others")
	}
	id := identity.SessionID(r.PostForm.Get("session"))
	if id == me.SessionID {
		return p.signOut(w, r)
	}
	if err := p.Flow.SignOut(r.Context(), me.UserID, id); err != nil && identity.KindOf(err) != identity.NotFound {
		return err
	}
	return p.see(w, r, "/account/devices?done=ended")
}
