package pages

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed languages
var languages embed.FS

// A catalogue is one language: languages/<tag>.json. Its words have gaps such as {product}.
type catalogue struct {
	Tag    string             `json:"-"` // BCP 47
	Name   string             `json:"name"`
	Dir    string             `json:"dir"`
	Date   string             `json:"date"` // with the gaps {day} {month} {year}
	Time   string             `json:"time"` // with the gaps {date} {clock}
	Months [12]string         `json:"months"`
	Spans  map[string]plurals `json:"spans"` // "15 minutes"
	Ago    map[string]plurals `json:"ago"`   // "15 minutes ago"
	Tree   map[string]any     `json:"words"`
	words  map[string]string  // Tree by paths: "login.title"
}

// plurals are the forms of a counted thing, by the categories of Unicode CLDR.
type plurals map[string]string

// catalogues are all languages, English first, then by tag. One that cannot be read is a
// fault of the program.
var catalogues = sync.OnceValue(func() []*catalogue {
	files, err := languages.ReadDir("languages")
	if err != nil {
		panic(err)
	}
	var all []*catalogue
	for _, f := range files {
		text, err := languages.ReadFile("languages/" + f.Name())
		c := &catalogue{Tag: strings.TrimSuffix(f.Name(), path.Ext(f.Name())), words: map[string]string{}}
		if err == nil {
			err = json.Unmarshal(text, c)
		}
		if err != nil {
			panic(fmt.Sprintf("%s: %v", f.Name(), err))
		}
		c.flatten("", c.Tree)
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b *catalogue) int { return rank(a) - rank(b) })
	return all
})

func rank(c *catalogue) int {
	if c.Tag == "en" {
		return 0
	}
	return 1
}

func (c *catalogue) flatten(prefix string, tree map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		switch v := tree[name].(type) {
		case map[string]any:
			c.flatten(prefix+name+".", v)
		case string:
			c.words[prefix+name] = v
		}
	}
}

var matcher = sync.OnceValue(func() language.Matcher {
	var tags []language.Tag
	for _, c := range catalogues() {
		tags = append(tags, language.Make(c.Tag))
	}
	return language.NewMatcher(tags)
})

// match returns the catalogue that suits a reader of the languages, best first, and whether
// any does.
func match(tags []language.Tag) (*catalogue, bool) {
	_, i, confidence := matcher().Match(tags...)
	return catalogues()[i], confidence > language.No
}

// speak returns the language of a request: what the link asks for, else what the browser
// prefers, else English.
func speak(r *http.Request) *catalogue {
	if c, ok := asked(r); ok {
		return c
	}
	tags, _, _ := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	c, _ := match(tags)
	return c
}

// localesParam is the parameter by which a link asks for a language.
const localesParam = "ui_locales"

func asked(r *http.Request) (*catalogue, bool) {
	var tags []language.Tag
	for text := range strings.FieldsSeq(r.URL.Query().Get(localesParam)) {
		if tag, err := language.Parse(text); err == nil {
			tags = append(tags, tag)
		}
	}
	if len(tags) == 0 {
		return nil, false
	}
	return match(tags)
}

// chosen returns the language that our links must go on asking for, "" if none was.
func (p *Pages) chosen(r *http.Request) string {
	if c, ok := asked(r); ok {
		return c.Tag
	}
	return ""
}

// fill puts values into the gaps of a phrase in one go, so that no value is searched for
// gaps itself. Pairs are a name and a value, and so on.
func fill(phrase string, dress func(string) string, pairs []string) string {
	gaps := make([]string, 0, len(pairs))
	for i := 0; i+1 < len(pairs); i += 2 {
		gaps = append(gaps, "{"+pairs[i]+"}", dress(pairs[i+1]))
	}
	return strings.NewReplacer(gaps...).Replace(phrase)
}

// day writes a date. Nobody told us where the reader is, so it is the date of UTC.
func (c *catalogue) day(t time.Time) string {
	t = t.UTC()
	return strings.NewReplacer("{day}", strconv.Itoa(t.Day()), "{month}", c.Months[t.Month()-1],
		"{year}", strconv.Itoa(t.Year())).Replace(c.Date)
}

// moment writes a point in time, which is UTC and says so.
func (c *catalogue) moment(t time.Time) string {
	return strings.NewReplacer("{date}", c.day(t), "{clock}", t.UTC().Format("15:04")).Replace(c.Time)
}

// span writes a duration rounded up: who waits so long need not wait again.
func (c *catalogue) span(d time.Duration) string {
	unit, name := scale(d)
	if d < time.Minute {
		unit, name = time.Second, "seconds"
	}
	return c.number(int((d+unit-1)/unit), c.Spans[name])
}

// ago writes how long ago something was, rounded down.
func (c *catalogue) ago(d time.Duration) string {
	unit, name := scale(d)
	return c.number(int(d/unit), c.Ago[name])
}

func scale(d time.Duration) (unit time.Duration, name string) {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return day, "days"
	case d >= 2*time.Hour:
		return time.Hour, "hours"
	default:
		return time.Minute, "minutes"
	}
}

var categories = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}

func (c *catalogue) number(n int, forms plurals) string {
	form, ok := forms[categories[plural.Cardinal.MatchPlural(language.Make(c.Tag), n, 0, 0, 0, 0)]]
	if !ok {
		form = forms["other"]
	}
	return strings.ReplaceAll(form, "{n}", strconv.Itoa(n))
}
