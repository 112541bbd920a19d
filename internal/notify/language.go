package notify

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	tags "golang.org/x/text/language"
)

// A language is one catalogue: templates/<tag>.json.
type language struct {
	Tag    string     `json:"-"`
	Dir    string     `json:"dir"`
	Date   string     `json:"date"` // with the gaps {day} {month} {year} {time}
	Months [12]string `json:"months"`
	Labels struct {
		Time, Device, Place string
	} `json:"labels"`
	Minutes        plurals           `json:"minutes"`
	Hours          plurals           `json:"hours"`
	Days           plurals           `json:"days"`
	Greeting       string            `json:"greeting"`
	GreetingByName string            `json:"greetingByName"`
	Address        string            `json:"address"` // introduces the bare link
	Text           string            `json:"text"`    // a text message, with the gaps {code} and {product}
	Codes          plurals           `json:"codes"`   // backup codes, counted
	Methods        map[string]string `json:"methods"` // what to call a method, by its ID
	NotMe          string            `json:"notMe"`   // what the link "this was not me" does
	NotMeLink      string            `json:"notMeLink"`
	Why            string            `json:"why"` // the reader got a mail that gives no reason of its own
	Kinds          map[Kind]wording  `json:"kinds"`
}

// plurals are the forms of a counted unit, by the categories of Unicode CLDR.
type plurals map[string]string

// A wording is what one kind of mail says, in the order in which it says it. Its phrases
// have the gaps {product}, {email}, {name}, {expires}, {code}, {method}, {key}, {newEmail},
// {left} and {opens}.
type wording struct {
	Subject   string   `json:"subject"`
	Preheader string   `json:"preheader"` // what a list of mails shows behind the subject
	Heading   string   `json:"heading"`
	Text      []string `json:"text"`   // paragraphs
	Then      string   `json:"then"`   // after the circumstances: what to do
	Button    string   `json:"button"` // the text of the link
	Code      string   `json:"code"`   // introduces the code
	Expiry    string   `json:"expiry"`
	StopText  string   `json:"stopText"` // introduces the link that cancels
	Stop      string   `json:"stop"`     // its text
	NotYou    string   `json:"notYou"`
	Why       string   `json:"why"` // the reader got this mail; "" means the reason of all
}

// languages are the catalogues by tag. One that cannot be read is a fault of the program.
var languages = sync.OnceValue(func() map[string]*language {
	names, err := fs.Glob(files, "templates/*.json")
	if err != nil {
		panic(err)
	}
	all := map[string]*language{}
	for _, name := range names {
		l := &language{Tag: strings.TrimSuffix(path.Base(name), ".json")}
		text, err := files.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, l)
		}
		if err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		all[l.Tag] = l
	}
	return all
})

// speak returns the catalogue of a tag such as "ar-EG", English where there is none.
func speak(tag string) *language {
	primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
	if l, ok := languages()[primary]; ok {
		return l
	}
	return languages()["en"]
}

// method names a method; one without a name is called by its ID.
func (l *language) method(id string) string { return cmp.Or(l.Methods[id], id) }

// date writes a point in time. Nobody told us where the reader is, so it is UTC and says so.
func (l *language) date(t time.Time) string {
	t = t.UTC()
	return strings.NewReplacer("{day}", strconv.Itoa(t.Day()), "{month}", l.Months[t.Month()-1],
		"{year}", strconv.Itoa(t.Year()), "{time}", t.Format("15:04")).Replace(l.Date)
}

// span writes a duration in the largest unit that divides it.
func (l *language) span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day && d%day == 0:
		return l.count(int(d/day), l.Days)
	case d >= time.Hour && d%time.Hour == 0:
		return l.count(int(d/time.Hour), l.Hours)
	default:
		return l.count(int(d/time.Minute), l.Minutes)
	}
}

var categories = map[plural.Form]string{plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}

func (l *language) count(n int, unit plurals) string {
	form, ok := unit[categories[plural.Cardinal.MatchPlural(tags.Make(l.Tag), n, 0, 0, 0, 0)]]
	if !ok {
		form = unit["other"]
	}
	return strings.ReplaceAll(form, "{n}", strconv.Itoa(n))
}
