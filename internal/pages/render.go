package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

//go:embed templates
var files embed.FS

// templates are all pages by name: "gate/login" is templates/gate/login.html in the frame
// templates/gate.html.
var templates = sync.OnceValue(func() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, frame := range []string{"gate", "account"} {
		base := template.Must(template.ParseFS(files, "templates/document.html", "templates/parts.html", "templates/enroll.html", "templates/"+frame+".html"))
		names, err := fs.Glob(files, "templates/"+frame+"/*.html")
		if err != nil {
			panic(err)
		}
		for _, name := range names {
			all[frame+"/"+strings.TrimSuffix(path.Base(name), ".html")] = template.Must(template.Must(base.Clone()).ParseFS(files, name))
		}
	}
	return all
})

// A view is what the templates see. Its methods are their vocabulary.
type view struct {
	*catalogue
	Words   string            // the section of the catalogue with the page's title and lede
	Problem *problem          // what was wrong with what was sent; nil: nothing
	Typed   map[string]string // what to fill the form with
	Done    string            // the confirmation to show, by its words; "": none
	Me      *identity.User    // whose account it is; nil outside the account
	Data    any               // what only this page has
	Captcha *checkpoint       // what its forms must have before they are sent; nil: nothing
	Gaps    []string          // what fills the gaps of every phrase here: a name and a value, and so on

	pages  *Pages
	chosen string
	w      http.ResponseWriter
	r      *http.Request
}

func (p *Pages) view(w http.ResponseWriter, r *http.Request, words string, why *identity.Error) *view {
	v := &view{catalogue: speak(r), Words: words, Typed: map[string]string{}, Captcha: p.checkpoint(r, why), pages: p, chosen: p.chosen(r), w: w, r: r}
	query := r.URL.Query()
	for _, name := range []string{"token", returnTo, "method", "for"} {
		v.Typed[name] = query.Get(name)
	}
	for name := range r.PostForm {
		v.Typed[name] = r.PostForm.Get(name)
	}
	if why != nil {
		v.Problem = v.explain(why, r)
	} else if key := "done." + query.Get("done"); v.words[key] != "" {
		v.Done = key
	}
	return v
}

// render answers with a page. Nothing is sent before all of it is made.
func (v *view) render(status int, name string) error {
	var text bytes.Buffer
	if err := templates()[name].ExecuteTemplate(&text, "document", v); err != nil {
		return fmt.Errorf("page %s in %s: %w", name, v.Tag, err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", v.Tag)
	v.pages.Site.Show(h, web.Pages)
	v.admitVendor(h)
	v.w.WriteHeader(status)
	_, _ = v.w.Write(text.Bytes()) // the client is gone, or has it
	return nil
}

// status is of a page that shows why something was not accepted, or nothing of the kind.
func status(why *identity.Error) int {
	if why == nil {
		return http.StatusOK
	}
	return web.Status(why)
}

// T returns the words of a key. Pairs fill its gaps; {product} needs none.
func (v *view) T(key string, pairs ...string) (string, error) {
	return v.say(key, pairs, func(value string) string { return value })
}

// Rich is T with each value isolated, so that a name written from right to left does not
// turn the sentence around it.
func (v *view) Rich(key string, pairs ...string) (template.HTML, error) {
	text, err := v.say(key, pairs, func(value string) string { return "<bdi>" + html.EscapeString(value) + "</bdi>" })
	return template.HTML(text), err //nolint:gosec // the phrases are ours, and what goes into them is escaped
}

func (v *view) say(key string, pairs []string, dress func(string) string) (string, error) {
	phrase, ok := v.words[key]
	if !ok {
		return "", fmt.Errorf("no words for %q", key)
	}
	return fill(phrase, dress, slices.Concat(pairs, v.Gaps, []string{"product", v.pages.Product})), nil
}

// Has reports whether there are words for a key.
func (v *view) Has(key string) bool { return v.words[key] != "" }

// About is the same page, for a part of it that shows one thing.
func (v *view) About(thing any) *view {
	about := *v
	about.Data = thing
	return &about
}

// Title is what tabs and screen readers say first.
func (v *view) Title() (string, error) {
	title, err := v.T(v.Words + ".title")
	if err != nil {
		return "", err
	}
	if !strings.Contains(v.words[v.Words+".title"], "{product}") {
		title, _ = v.T("page.of", "title", title)
	}
	if v.Problem != nil {
		return v.T("page.error", "title", title)
	}
	return title, nil
}

// Product is the name of the house.
func (v *view) Product() string { return v.pages.Product }

// Link is the address of a page of ours.
func (v *view) Link(path string) string { return v.pages.link(path, v.chosen) }

func (p *Pages) link(path, chosen string) string {
	if chosen == "" {
		return p.Site.Mount() + path
	}
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	return p.Site.Mount() + path + join + localesParam + "=" + chosen
}

// Asset is the address of a file that never changes.
func (v *view) Asset(name string) string {
	return v.pages.Site.Mount() + "/static/" + version() + "/" + name
}

// Token is what the page's forms must send back.
func (v *view) Token() string { return v.pages.Forgery.Token(v.w, v.r) }

// Theme is light or dark if the person has chosen, else "".
func (v *view) Theme() string {
	if t := v.pages.Site.ReadCookie(v.r, web.Theme); t == "light" || t == "dark" {
		return t
	}
	return ""
}

// A tongue is a language to choose.
type tongue struct {
	Tag, Name, Link string
	Current         bool
}

// Tongues are the languages there are, with the address of this page in each.
func (v *view) Tongues() (list []tongue) {
	for _, c := range catalogues() {
		query := url.Values{}
		if !web.Unsafe(v.r) {
			query = v.r.URL.Query()
		}
		query.Set(localesParam, c.Tag)
		link := v.pages.Site.Mount() + v.r.URL.EscapedPath() + "?" + query.Encode()
		list = append(list, tongue{c.Tag, c.Name, link, c.Tag == v.Tag})
	}
	return list
}

// Shortest and Longest are the lengths of passwords; Length says one in words.
func (v *view) Shortest() int { low, _ := v.pages.Flow.Passwords.Policy.Lengths(); return low }

// Longest is described at Shortest.
func (v *view) Longest() int { _, high := v.pages.Flow.Passwords.Policy.Lengths(); return high }

// Length says so many characters.
func (v *view) Length(n int) string { return v.number(n, v.Spans["characters"]) }

// Stamp is a time for programs, Day and Moment are for people.
func (v *view) Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Day writes a date.
func (v *view) Day(t time.Time) string { return v.day(t) }

// Moment writes a point in time.
func (v *view) Moment(t time.Time) string { return v.moment(t) }

// RequestID names this request in our log.
func (v *view) RequestID() string { return string(identity.OriginOf(v.r.Context()).RequestID) }

// At reports whether the page shown is at path.
func (v *view) At(path string) bool { return v.r.URL.Path == path }

// A field is one input of a form.
type field struct {
	*view
	Name, Type, Autocomplete string
	Label                    string // "": the words of its name
	Hint                     string // the words that help to fill it in; "": none
	First                    bool   // the page begins with it
}

// Field prepares an input for the template of its type.
func (v *view) Field(name, kind, autocomplete string) field {
	return field{view: v, Name: name, Type: kind, Autocomplete: autocomplete}
}

// Begin lets the page begin with the input; where something is wrong it begins with what.
func (f field) Begin() field {
	f.First = f.Problem == nil
	return f
}

// Hinted helps to fill the input in, where there are words for it.
func (f field) Hinted(words string) field {
	if f.Has(words) && f.Wrong() == "" {
		f.Hint = words
	}
	return f
}

// Value is what was typed before. Passwords are never sent back.
func (f field) Value() string { return f.Typed[f.Name] }

// Wrong says what is wrong with what was typed, "" if nothing is.
func (f field) Wrong() string {
	if f.Problem == nil {
		return ""
	}
	for _, w := range f.Problem.Fields {
		if w.Name == f.Name {
			return w.Text
		}
	}
	return ""
}

// Rules are the rules for passwords as password managers read them.
func (v *view) Rules() string {
	return "minlength: " + strconv.Itoa(v.Shortest()) + "; maxlength: " + strconv.Itoa(v.Longest()) + ";"
}
