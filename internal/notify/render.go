package notify

import (
	"cmp"
	"embed"
	"fmt"
	"html"
	htmltemplate "html/template"
	"strings"
	"sync"
	"text/template"
	"time"
)

// A Kind is what a mail is about. Its words are in templates/<language>.json.
type Kind string

// The kinds. A notice tells its reader what happened to their account.
const (
	Verify          Kind = "verify"           // confirm the address of a new account
	Known           Kind = "known"            // somebody tried to register an address that has an account
	MagicLink       Kind = "magic-link"       // sign in by a link, or by the code beside it
	SignInCode      Kind = "sign-in-code"     // a code that proves the address: sign-in, step-up
	Reset           Kind = "reset"            // choose a new password
	ResetForced     Kind = "reset-forced"     // notice: everybody is signed out, choose a new password
	Breached        Kind = "breached"         // the password is known from a breach: choose a new one
	PasswordReset   Kind = "password-reset"   // notice
	PasswordChanged Kind = "password-changed" // notice
	TokenReuse      Kind = "token-reuse"      // notice: a sign-in ended because a stolen copy may exist
	Locked          Kind = "locked"           // notice: too many failures; the link opens the account again
	OddSignIn       Kind = "odd-sign-in"      // notice: from a device or a place that is new, or after failures
	OddRefused      Kind = "odd-refused"      // notice: a right proof was refused, for the sign-in was too odd
	SessionMoved    Kind = "session-moved"    // notice: another browser goes on with a session
	FactorAdded     Kind = "factor-added"     // notice
	FactorRemoved   Kind = "factor-removed"   // notice
	FactorCloned    Kind = "factor-cloned"    // notice: a passkey's counter went backwards
	CodesRenewed    Kind = "codes-renewed"    // notice: new backup codes, the old ones are dead
	CodeUsed        Kind = "code-used"        // notice: a backup code was used, so many are left
	CodesLow        Kind = "codes-low"        // notice: few backup codes are left
	KeyCreated      Kind = "apikey-created"   // notice: a new API key
	KeyRotated      Kind = "apikey-rotated"   // notice: an API key has another secret
	KeyExpiring     Kind = "apikey-expiring"  // an API key expires soon, at Opens
	EmailOld        Kind = "email-old"        // agree, at the old address, to another one
	EmailNew        Kind = "email-new"        // confirm the new address of an account
	EmailChanged    Kind = "email-changed"    // notice, to both addresses
	Recovery        Kind = "recovery"         // set everything anew after all factors were lost; Cancel stops it
	Recovered       Kind = "recovered"        // notice
	SignedOut       Kind = "signed-out"       // notice: an administrator ended all sessions
	Deleted         Kind = "deleted"          // the account is gone
)

// harmless are the kinds that tell of nothing that "this was not me" could undo.
var harmless = map[Kind]bool{Verify: true, Known: true, MagicLink: true, SignInCode: true, Reset: true, ResetForced: true, Breached: true, EmailNew: true, Recovery: true, Deleted: true, KeyExpiring: true}

// Security reports whether a mail of the kind carries the link by which its reader says that
// it was not them.
func (k Kind) Security() bool { return !harmless[k] }

// Facts fill a mail. Product and Email are required, as is the Link of a kind that asks for
// one; what else is empty is left out, and so are a Name, Device or Place that look like
// links: strangers choose them, and our mail would carry their phishing.
type Facts struct {
	Language string        // BCP 47, the reader's; one we do not speak means English
	Product  string        // what the reader knows us as
	Email    string        // the recipient
	Name     string        // the reader's
	Link     string        // absolute, built from the configured public URL
	Expires  time.Duration // how long the link works; whole minutes
	At       time.Time     // when it happened
	Device   string        // of whoever did it, as Device returns it
	Place    string        // where it was done: a network address, a town
	Code     string        // to type where it was asked for
	Method   string        // the method that the mail is about, as the catalogue names it
	Key      string        // an API key, as its owner's list shows it
	NewEmail string        // the address that takes the place of Email
	Left     int           // how many backup codes are left
	Opens    time.Time     // from when on the link works, or until when a key does
	NotMe    string        // absolute: ends all sessions and forces a new password
	Cancel   string        // absolute: stops what Link would begin
}

//go:embed templates
var files embed.FS

// textLayout and htmlLayout are the two forms of every mail.
var (
	textLayout = sync.OnceValue(func() *template.Template {
		return template.Must(template.ParseFS(files, "templates/layout.txt"))
	})
	htmlLayout = sync.OnceValue(func() *htmltemplate.Template {
		return htmltemplate.Must(htmltemplate.ParseFS(files, "templates/layout.html"))
	})
)

// Render writes a mail in the language of its reader. It takes a fraction of a millisecond: a
// transaction that others wait for can bear one, not a loop of them.
func Render(kind Kind, f Facts) (Message, error) {
	l := speak(f.Language)
	words, ok := l.Kinds[kind]
	if !ok {
		return Message{}, fmt.Errorf("no mail of kind %q", kind)
	}
	f.Name, f.Device, f.Place = plain(f.Name), plain(f.Device), plain(f.Place)
	d := letter{Facts: f, Language: l, Words: words}
	m := Message{Channel: Mail, To: f.Email, Subject: oneLine(d.Plain(words.Subject)), Links: []string{}}
	for _, link := range []string{f.Link, f.Cancel, f.NotMe} {
		if link != "" {
			m.Links = append(m.Links, link)
		}
	}
	m.Code = f.Code
	var text, page strings.Builder
	if err := textLayout().Execute(&text, d); err != nil {
		return m, fmt.Errorf("render %s: %w", kind, err)
	}
	if err := htmlLayout().Execute(&page, d); err != nil {
		return m, fmt.Errorf("render %s: %w", kind, err)
	}
	m.Text, m.HTML = text.String(), page.String()
	return m, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// A letter is what the layouts see.
type letter struct {
	Facts
	Language *language
	Words    wording
}

// A Row is one circumstance of a notice.
type Row struct{ Label, Value string }

// Rows are the circumstances that are known.
func (l letter) Rows() (rows []Row) {
	add := func(label, value string) {
		if value != "" {
			rows = append(rows, Row{label, value})
		}
	}
	if !l.At.IsZero() {
		add(l.Language.Labels.Time, l.Language.date(l.At))
	}
	add(l.Language.Labels.Device, l.Device)
	add(l.Language.Labels.Place, l.Place)
	return rows
}

// Why says why the reader got the mail.
func (l letter) Why() string { return cmp.Or(l.Words.Why, l.Language.Why) }

// Greeting addresses the reader.
func (l letter) Greeting() string {
	if l.Name == "" {
		return l.Language.Greeting
	}
	return l.Language.GreetingByName
}

func (l letter) opens() string {
	if l.Opens.IsZero() {
		return ""
	}
	return l.Language.date(l.Opens)
}

// Plain fills the gaps of a phrase.
func (l letter) Plain(phrase string) string {
	return l.fill(phrase, func(v string) string { return v })
}

// Rich fills the gaps of a phrase, each value isolated, so that a name written from right
// to left does not turn the sentence around it.
func (l letter) Rich(phrase string) htmltemplate.HTML {
	filled := l.fill(html.EscapeString(phrase), func(v string) string { return "<bdi>" + html.EscapeString(v) + "</bdi>" })
	return htmltemplate.HTML(filled) //nolint:gosec // the phrase and all that went into it were escaped above
}

// fill replaces the gaps in one go, so that no value is searched for gaps itself.
func (l letter) fill(phrase string, dress func(string) string) string {
	return strings.NewReplacer("{product}", dress(l.Product), "{email}", dress(l.Email), "{name}", dress(l.Name),
		"{expires}", dress(l.Language.span(l.Expires)), "{code}", dress(l.Code), "{method}", dress(l.Language.method(l.Method)),
		"{newEmail}", dress(l.NewEmail), "{key}", dress(l.Key), "{left}", dress(l.Language.count(l.Left, l.Language.Codes)),
		"{opens}", dress(l.opens())).Replace(phrase)
}
