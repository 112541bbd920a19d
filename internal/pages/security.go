package pages

import (
	"context"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// fresh is the rule of what a thief with an open session would do first: it asks for a proof
// that is at most five minutes old, before anything is filled in.
var fresh = guard.Rule{Fresh: 5 * time.Minute}

// securityPages are the pages of what somebody can prove.
func (p *Pages) securityPages() []page {
	return []page{
		{path: "/account/security", rule: mine, show: p.security},
		{path: addPath, rule: fresh, show: p.adding, submit: p.add, limit: throttle.Changes, reason: "factors"},
		{path: "/account/security/codes", rule: fresh, show: p.askCodes, submit: p.newCodes, limit: throttle.Changes, reason: "factors"},
		{path: "/account/security/codes.txt", rule: mine, show: p.noFile, submit: p.codesFile},
		{path: "/account/security/rename", rule: mine, show: p.labelling, submit: p.relabel},
		{path: "/account/security/remove", rule: fresh, show: p.removal, submit: p.remove, reason: "factors"},
		{path: "/account/email", rule: fresh, show: p.address, submit: p.move, limit: throttle.MailAddress, reason: "email"},
		{path: "/account/delete", rule: guard.Rule{Fresh: time.Minute}, show: p.farewell, submit: p.erase, reason: "delete"},
		{path: "/account-deleted", rule: public, show: p.settled("deleted")},
	}
}

// A held credential is one as its owner sees it.
type held struct {
	ID           identity.CredentialID
	Name         string
	Added        time.Time
	Since, Stamp string          // Added, for people and for programs
	Facts        []template.HTML // what else there is to tell, in the reader's language
}

// A section is one method, with what the owner has of it.
type section struct {
	ID       identity.MethodID
	Words    string
	Name     string
	List     []held
	Accepted string // for the browser's password manager, in JSON; "": nothing to tell
}

// capital is all that somebody can prove.
type capital struct {
	Second    bool // a second factor is on
	Passwords bool // the house takes passwords
	Password  *held
	Sections  []section
	Spares    bool // the house has backup codes
	Left      int  // of the owner's backup codes
	Devices   []held
}

// few is how many backup codes are so few that it is time for new ones.
const few = 3

// Few reports whether new backup codes should be made.
func (c capital) Few() bool { return c.Left <= few }

func (p *Pages) security(w http.ResponseWriter, r *http.Request, why *identity.Error) error {
	v, err := p.ours(w, r, "security", why)
	if err != nil {
		return err
	}
	if v.Data, err = v.capital(r.Context()); err != nil {
		return err
	}
	return v.render(status(why), "account/security")
}

// capital goes through the roster, so that a method which it does not know by name has its
// section too.
func (v *view) capital(ctx context.Context) (c capital, err error) {
	list, err := v.pages.Flow.Credentials(ctx, v.Me.ID)
	if err != nil {
		return c, err
	}
	if c.Second, err = v.pages.secondFactor(ctx, v.Me); err != nil {
		return c, err
	}
	for _, m := range v.pages.Flow.Methods {
		own := v.held(list, m.ID())
		_, enroller := m.(authn.Enroller)
		switch {
		case m.ID() == authn.Password:
			c.Passwords = true
			if len(own) > 0 {
				c.Password = &own[0]
			}
		case v.pages.Flow.IsSpare(m.ID()):
			c.Spares, c.Left = true, c.Left+v.pages.spareLeft(list, m.ID())
		case enroller:
			s := section{ID: m.ID(), Words: v.method(m.ID()), Name: v.nameOf(m.ID()), List: own}
			if s.Accepted, err = v.accepted(ctx, m); err != nil {
				return c, err
			}
			c.Sections = append(c.Sections, s)
		}
	}
	c.Devices = v.held(list, authn.Device)
	return c, nil
}

// secondFactor reports whether the user has one that is not only there for when it is lost.
func (p *Pages) secondFactor(ctx context.Context, user *identity.User) (bool, error) {
	for _, m := range p.Flow.Methods {
		second, ok := m.(authn.Second)
		if !ok || p.Flow.IsSpare(m.ID()) {
			continue
		}
		if on, err := second.Enrolled(ctx, user); on || err != nil {
			return on, err
		}
	}
	return false, nil
}

// spareLeft counts backup codes: those that one credential holds, where its method tells, else
// each credential is one.
func (p *Pages) spareLeft(list []identity.Credential, id identity.MethodID) (n int) {
	for _, c := range list {
		if c.Method != id {
			continue
		}
		if told, err := strconv.Atoi(p.Flow.Describe(c)["left"]); err == nil {
			n += told
		} else {
			n++
		}
	}
	return n
}

// accepted is what the browser is told of the credentials that still open something, so that
// it offers no dead ones (Web Authentication Level 3, signalAllAcceptedCredentials).
func (v *view) accepted(ctx context.Context, m authn.Method) (string, error) {
	a, ok := m.(interface {
		Accepted(ctx context.Context, user identity.UserID) (json.RawMessage, error)
	})
	if !ok {
		return "", nil
	}
	text, err := a.Accepted(ctx, v.Me.ID)
	return string(text), err
}

func (v *view) held(list []identity.Credential, id identity.MethodID) (own []held) {
	for _, c := range list {
		if c.Method == id {
			own = append(own, v.one(c))
		}
	}
	return own
}

// one shows a credential. Of what its method tells about it all is shown that there are
// words for: "synced.true", or "number" with the gap {value}.
func (v *view) one(c identity.Credential) held {
	h := held{ID: c.ID, Name: c.Label, Added: c.CreatedAt, Stamp: v.Stamp(c.CreatedAt)}
	h.Since, _ = v.T("security.added", "date", v.Day(c.CreatedAt))
	if !c.UsedAt.IsZero() {
		used, _ := v.Rich("security.used", "date", v.Day(c.UsedAt))
		h.Facts = append(h.Facts, used)
	}
	if c.Method == authn.Device {
		h.Name, _ = v.Label(c.Label)
		if browser, system, ok := strings.Cut(c.Label, " on "); ok {
			h.Name, _ = v.T("devices.browser", "browser", browser, "system", system)
		}
	}
	if h.Name == "" {
		h.Name = v.nameOf(c.Method)
	}
	facts := v.pages.Flow.Describe(c)
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		key := "facts." + name
		if v.Has(key + "." + facts[name]) {
			key += "." + facts[name]
		}
		if text, err := v.Rich(key, "value", facts[name]); err == nil {
			h.Facts = append(h.Facts, text)
		}
	}
	return h
}

// method is the section of the catalogue about a method, that of any other where it has none.
func (c *catalogue) method(id identity.MethodID) string {
	if own := "methods." + string(id); c.words[own+".title"] != "" {
		return own
	}
	return "methods.other"
}

// nameOf names a method: by its ID where there are no words.
func (c *catalogue) nameOf(id identity.MethodID) string {
	if name := c.words["methods."+string(id)+".title"]; name != "" {
		return name
	}
	return string(id)
}

// Within reports whether the page shown is at path or below it.
func (v *view) Within(path string) bool {
	return v.At(path) || strings.HasPrefix(v.r.URL.Path, path+"/")
}

// Picture puts in what one of our own methods has drawn.
func (v *view) Picture(svg string) template.HTML {
	return template.HTML(svg) //nolint:gosec // authn.Shared: made by the house, and sealed where it went through the browser
}

// trouble is a problem told in words of the page's own.
func (v *view) trouble(key string) *problem {
	return &problem{Heading: v.words[key+".heading"], Text: v.words[key+".text"]}
}
