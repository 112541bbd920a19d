package notify

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mileusna/useragent"
	"golang.org/x/text/unicode/norm"
)

// longestName is how many characters of a stranger's choosing a mail repeats.
const longestName = 64

// link is what mail programs turn into a link by themselves.
var link = regexp.MustCompile(`(?i)[/@\\]|www\.|\.\pL{2,}`)

// plain returns s if it can only be read as a name, "" otherwise. Threat: somebody registers
// the address of a victim under the name "You won, see evil.example", and our mail, from
// our address, carries it to them.
func plain(s string) string {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > longestName || strings.ContainsFunc(s, invisible) {
		return ""
	}
	// Full-width and ideographic stops make domains as well (UTS 46 section 4).
	if link.MatchString(strings.ReplaceAll(norm.NFKC.String(s), "。", ".")) {
		return ""
	}
	return s
}

// invisible reports whether r draws nothing, breaks the line or turns the text around. The
// two joiners do neither: Persian and Indic names need them.
func invisible(r rune) bool {
	return !unicode.IsGraphic(r) && r != '\u200c' && r != '\u200d'
}

// Device returns a short name of the browser that sent a User-Agent, such as "Firefox on
// Linux", or "" when it names none. It is a label for people and proves nothing: anybody
// can send any User-Agent.
func Device(userAgent string) string {
	ua := useragent.Parse(userAgent)
	switch {
	case ua.Name == "":
		return plain(ua.OS)
	case ua.OS == "":
		return plain(ua.Name)
	default:
		return plain(ua.Name + " on " + ua.OS)
	}
}
