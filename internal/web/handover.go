package web

import (
	"net/http"
	"time"
)

// Secrets are what a sign-in hands to a browser by cookies; an empty one is not set.
type Secrets struct {
	Session, Refresh, Access string
	AccessLife               time.Duration
	Device                   string // by which a remembered device is known
	DeviceFor                time.Duration
	Known                    string        // the mark of a browser that has signed in before
	Keep                     time.Duration // of the others; 0: as long as the browser runs
	None                     bool          // the client is no browser: it gets no cookie at all
}

// knownFor is as long as browsers keep any cookie (RFC 6265bis section 5.5).
const knownFor = 400 * 24 * time.Hour

// HandOver sets the cookies of a sign-in or, if begun is false, of a refresh. A sign-in
// takes away what another mode left, and gives the browser a new hint.
func (s *Site) HandOver(w http.ResponseWriter, r *http.Request, v Secrets, begun bool) {
	if v.None {
		return
	}
	for _, c := range []struct {
		cookie Cookie
		value  string
		life   time.Duration
	}{{Session, v.Session, v.Keep}, {Refresh, v.Refresh, v.Keep}, {Access, v.Access, v.AccessLife}} {
		switch {
		case c.value != "":
			s.SetCookie(w, c.cookie, c.value, c.life)
		case begun && s.ReadCookie(r, c.cookie) != "":
			s.ClearCookie(w, c.cookie)
		}
	}
	if v.Device != "" {
		s.SetCookie(w, Device, v.Device, v.DeviceFor)
	}
	if v.Known != "" {
		s.SetCookie(w, Known, v.Known, knownFor)
	}
	if begun {
		s.SetHint(w, v.Keep)
	}
}
