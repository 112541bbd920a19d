package notify_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// greeted returns how a mail greets somebody of that name; "Hello," is nobody.
func greeted(t testing.TB, name string) string {
	t.Helper()
	f := facts(notify.Verify)
	f.Name = name
	m, err := notify.Render(notify.Verify, f)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(m.Text, "\n\n")
	greeting, _, _ := strings.Cut(after, "\n\n")
	return greeting
}

func TestNames(t *testing.T) {
	for _, name := range []string{
		"Ada", "Ada Lovelace", "J. R. R. Tolkien", "J.R.R. Tolkien", "Sammy Davis Jr.", "O'Brien", "Jean-Luc", "José", "李小龍", "أحمد", "علی\u200cرضا", "X Æ A-12", "50% off",
	} {
		if got := greeted(t, name); got != "Hello "+name+"," {
			t.Errorf("%q is greeted %q", name, got)
		}
	}
	for _, name := range []string{
		"", "https://evil.example", "evil.example", "EVIL.EXAMPLE", "www.evil", "WWW.", "go to evil.io now", "evil.xn--p1ai", "пример.рф",
		"evil/login", "evil\\login", "me@evil", "ｅｖｉｌ．ｃｏｍ", "evil。com", "evil｡com", "me＠evil",
		"Ada\r\nYour account is locked", "Ada\u2028Bob", "Ada\u202egnp", "Ada\u0000", "\xff", strings.Repeat("a", 65),
	} {
		if got := greeted(t, name); got != "Hello," {
			t.Errorf("%q is greeted %q", name, got)
		}
	}
}

func FuzzName(f *testing.F) {
	for _, name := range []string{"Ada", "evil.example", "{product}", "a\nb", "．com"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got := greeted(t, name); strings.ContainsAny(got, "/@\\\r\n") || !utf8.ValidString(got) || utf8.RuneCountInString(got) > 80 {
			t.Errorf("%q is greeted %q", name, got)
		}
	})
}

func TestDevice(t *testing.T) {
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0":                                                                  "Firefox on Linux",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36":                         "Chrome on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0":           "Edge on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15":                   "Safari on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1": "Safari on iOS",
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Mobile Safari/537.36":                         "Chrome on Android",
		"curl/8.17.0":                   "curl",
		"evil.example/1.0 (X11; Linux)": "",
		"":                              "",
	} {
		if got := notify.Device(userAgent); got != want {
			t.Errorf("%q: %q, want %q", userAgent, got, want)
		}
	}
}
