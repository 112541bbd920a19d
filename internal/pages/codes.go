package pages

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// codes are backup codes on the one page that ever shows them.
type codes struct {
	List []string
	Text string // List for the form that makes a file of them; "" while nobody is signed in
	Next string // where to go then
}

// showCodes answers a POST with new backup codes.
func (p *Pages) showCodes(w http.ResponseWriter, r *http.Request, list []string) error {
	v, err := p.ours(w, r, "codes", nil)
	if err != nil {
		return err
	}
	v.Data = codes{list, strings.Join(list, "\n"), v.Link("/account/security")}
	return v.render(http.StatusOK, "account/codes")
}

// firstCodes shows those that came with what somebody had to set up to get in.
func (p *Pages) firstCodes(w http.ResponseWriter, r *http.Request, added authn.Added, next string) error {
	show := codes{List: added.Codes, Next: next}
	if in := added.Outcome.SignedIn; in != nil {
		show.Text = strings.Join(added.Codes, "\n")
		// The form of this page is sent by the session that has just begun.
		r = r.WithContext(identity.NewContext(r.Context(), &identity.Principal{UserID: in.User.ID, SessionID: in.Session.ID, Cookie: true}))
	}
	v := p.view(w, r, "codes.first", nil)
	v.Data = show
	return v.render(http.StatusOK, "gate/codes")
}

// askCodes asks before it makes new codes: the old ones, on somebody's paper, die.
func (p *Pages) askCodes(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "codes.ask", why)
	if err != nil {
		return err
	}
	set, offered, err := p.spareSet(r.Context(), v.Me)
	if err != nil {
		return err
	}
	if !offered {
		return p.see(w, r, "/account/security")
	}
	v.Typed["set"] = set
	return v.render(status(why), "account/codesask")
}

// newCodes makes a set of backup codes. The form names the set that it replaces, so that a
// page which is loaded again does not kill the codes that were just written down.
func (p *Pages) newCodes(w http.ResponseWriter, r *http.Request) error {
	me := identity.FromContext(r.Context())
	user, err := p.Accounts.ByID(r.Context(), me.UserID)
	if err != nil {
		return err
	}
	set, offered, err := p.spareSet(r.Context(), user)
	if err != nil {
		return err
	}
	if !offered || r.PostForm.Get("set") != set {
		return p.see(w, r, "/account/security/codes")
	}
	list, err := p.Flow.SpareCodes(r.Context(), me)
	if err != nil {
		return err
	}
	return p.showCodes(w, r, list)
}

// spareSet names the user's set of backup codes by its newest credential, "" if there is
// none, and reports whether they may have a new one: codes stand in for a second factor, and
// are none by themselves.
func (p *Pages) spareSet(ctx context.Context, user *identity.User) (set string, offered bool, err error) {
	if offered, err = p.secondFactor(ctx, user); err != nil || !offered {
		return "", false, err
	}
	list, err := p.Flow.Credentials(ctx, user.ID)
	if err != nil {
		return "", false, err
	}
	offered = false
	for _, m := range p.Flow.Methods {
		if _, spare := m.(authn.Spare); !spare {
			continue
		}
		offered = true
		for _, c := range list {
			if c.Method == m.ID() {
				set = max(set, string(c.ID))
			}
		}
	}
	return set, offered, nil
}

func (p *Pages) noFile(w http.ResponseWriter, r *http.Request, _ *identity.Error) error {
	return p.see(w, r, "/account/security")
}

// aCode is what a line of the file may be: nothing that another page could make it say.
var aCode = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 -]{3,63}$`)

const mostCodes = 20

// codesFile gives a form's codes back as a file, for browsers without scripts. Nothing of
// them is stored or logged.
func (p *Pages) codesFile(w http.ResponseWriter, r *http.Request) error {
	lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(r.PostForm.Get("codes")), "\r", ""), "\n")
	if len(lines) > mostCodes {
		return identity.ErrInvalid
	}
	for _, line := range lines {
		if !aCode.MatchString(line) {
			return identity.ErrInvalid
		}
	}
	v, err := p.ours(w, r, "codes", nil)
	if err != nil {
		return err
	}
	head, err := v.T("codes.file", "email", v.Me.Email)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="backup-codes.txt"`)
	h.Set("Cache-Control", "no-store")
	text := head + "\n\n" + strings.Join(lines, "\n") + "\n"
	_, _ = w.Write([]byte(text)) //nolint:gosec // plain text, to be saved; if it fails the client is gone
	return nil
}
