package pages

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// A problem says to a person why a form was not accepted.
type problem struct {
	Heading, Text string
	Fields        []wrong // in the order of the form
}

// wrong is what is wrong with one input.
type wrong struct{ Name, Text string }

// order is in which our forms have their inputs.
var order = []string{"name", "email", "currentPassword", "password", "newPassword", "phone", "code", "scopes", "expiresAt", "ipAllowlist"}

// explain puts an error into the reader's language. The words are ours, chosen by code and
// by reason: what a noun says is for programs.
func (v *view) explain(e *identity.Error, r *http.Request) *problem {
	section := "problems." + e.Code
	switch {
	case len(e.Fields) > 0:
		section = "problems.fields"
	case !v.Has(section + ".heading"):
		section = "problems.other"
	}
	pairs := []string{"wait", v.span(e.RetryAfter), "product", v.pages.Product}
	plain := func(s string) string { return s }
	p := &problem{Heading: fill(v.words[section+".heading"], plain, pairs), Text: fill(v.words[section+".text"], plain, pairs)}
	for _, name := range slices.SortedFunc(maps.Keys(e.Fields), byOrder) {
		p.Fields = append(p.Fields, wrong{name, v.reason(name, e.Fields[name], r.PostForm.Get(name))})
	}
	return p
}

func byOrder(a, b string) int {
	return cmp.Or(cmp.Compare(slices.Index(order, a), slices.Index(order, b)), strings.Compare(a, b))
}

// reason finds the words for what is wrong with an input. Those for a length are ours,
// because they hold a number.
func (v *view) reason(name, why, typed string) string {
	section, length := "reasons."+name+".", v.Shortest()
	if name == "newPassword" {
		section = "reasons.password."
	}
	if section == "reasons.password." && !v.Has(section+why) {
		switch n := utf8.RuneCountInString(norm.NFC.String(typed)); {
		case n < v.Shortest():
			why = "is short"
		case n > v.Longest():
			why, length = "is long", v.Longest()
		}
	}
	words := cmp.Or(v.words[section+why], v.words[section+"other"], v.words["reasons.other"])
	return strings.ReplaceAll(words, "{length}", v.Length(length))
}

// fail answers an error on a page: whoever must sign in, or prove again that it is them, is
// led there and back, a form that was not accepted comes again with the reason, all else has
// a page of its own.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, at page, e *identity.Error) {
	if e.Kind == identity.Unauthenticated && e.Code != identity.ErrRejected.Code {
		w.Header().Del("WWW-Authenticate") // it belongs to the 401 that this is not
		back := p.link(here(r), p.chosen(r))
		door := with("/login", returnTo, back)
		if e.Code == identity.ErrStale.Code {
			door = with(stepUpPath, returnTo, back, "for", at.reason)
		}
		_ = p.see(w, r, door)
		return
	}
	if at.submit != nil && p.legible(w, r, e) && at.show(w, r, e) == nil {
		return
	}
	p.failure(w, r, e)
}

// here is the page that was asked for; one that takes forms only by GET.
func here(r *http.Request) string {
	query := r.URL.Query()
	query.Del(localesParam) // our links add it
	if web.Unsafe(r) || len(query) == 0 {
		return r.URL.EscapedPath()
	}
	return r.URL.EscapedPath() + "?" + query.Encode()
}

// legible reports whether the form comes again with what was typed: where it can be mended,
// and not where another site sent it, whose words must not appear on our page.
func (p *Pages) legible(w http.ResponseWriter, r *http.Request, e *identity.Error) bool {
	switch e.Kind { //nolint:exhaustive // the rest is no fault of what was typed
	case identity.Invalid:
		if len(e.Fields) == 0 {
			return false
		}
	case identity.Unauthenticated, identity.Forbidden, identity.Conflict, identity.TooMany, identity.Unavailable:
	default:
		return false
	}
	return web.Unsafe(r) && p.Site.ProvenanceOf(r) != web.Foreign && web.Form(w, r) == nil
}

type failed struct {
	Wait string
	Out  wayOut
}

// wayOut is how a page of an error lets its reader go on.
type wayOut struct{ Words, Link string }

func (p *Pages) failure(w http.ResponseWriter, r *http.Request, e *identity.Error) {
	words := "failures." + strconv.Itoa(web.Status(e))
	v := p.view(w, r, words, nil)
	out := wayOut{"failures.back", v.Link("/")}
	switch {
	case e.Code == identity.ErrCSRF.Code:
		v.Words, out = "failures.forged", wayOut{"failures.reload", v.Link(here(r))}
	case !v.Has(words + ".title"):
		v.Words = "failures.other"
	case !web.Unsafe(r) && (e.Kind == identity.TooMany || e.Kind == identity.Unavailable || e.Kind == identity.Internal):
		out = wayOut{"failures.again", v.Link(here(r))}
	}
	v.Data = failed{v.span(e.RetryAfter), out}
	if err := v.render(web.Status(e), "gate/failure"); err != nil {
		http.Error(w, e.Message, web.Status(e)) // a template is broken; the tests render them all
	}
}
