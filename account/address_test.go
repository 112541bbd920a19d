package account_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
)

func TestAddress(t *testing.T) {
	local, label := strings.Repeat("l", 64), strings.Repeat("d", 63)
	for text, want := range map[string]string{
		"alice@example.com":          "alice@example.com",
		"  Alice@Example.COM\n":      "alice@example.com",
		"a.b+c_d'e@sub.example.com":  "a.b+c_d'e@sub.example.com",
		"root@localhost":             "root@localhost",
		"zoe\u0301@example.com":      "zo\u00e9@example.com", // two spellings, one person
		"ZO\u00c9@example.com":       "zo\u00e9@example.com",
		"J\u030cana@example.com":     "\u01f0ana@example.com", // only its lower case is one character
		"\u212angstr\u00f6m@k.de":    "kngstr\u00f6m@k.de",    // the Kelvin sign is a k
		"u@M\u00dcNCHEN.de":          "u@m\u00fcnchen.de",
		local + "@example.com":       local + "@example.com",
		"l" + local + "@example.com": "",
		"a@" + label + ".com":        "a@" + label + ".com",
		"a@d" + label + ".com":       "",
		"a@" + strings.Repeat(label+".", 3) + strings.Repeat("e", 60): "a@" + strings.Repeat(label+".", 3) + strings.Repeat("e", 60),
		"a@" + strings.Repeat(label+".", 3) + strings.Repeat("e", 61): "",
		"": "", " ": "", "alice": "", "@": "", "@example.com": "", "alice@": "", "a@b@c": "",
		"alice@example..com": "", "alice@.com": "", "alice@com.": "", "a..b@c.de": "", ".a@c.de": "",
		"alice@-example.com": "", "alice@example-.com": "", "alice@exa_mple.com": "", "alice@[127.0.0.1]": "",
		"Alice <alice@example.com>": "", "<alice@example.com>": "", `"a b"@example.com`: "", "alice(x)@example.com": "",
		"a@b.com, c@d.com": "", "a\r\nBcc: x@y.z@b.com": "", "a\x00b@example.com": "", "a\xff@example.com": "",
		"a\u202eb@example.com": "", "a\u200bb@example.com": "", "a\u0085b@example.com": "", "a\u00a0b@example.com": "", // what nobody sees
	} {
		got, err := account.Address(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
		var invalid *identity.Error
		if err != nil && (!errors.As(err, &invalid) || invalid.Code != identity.ErrInvalid.Code || invalid.Fields["email"] == "") {
			t.Errorf("%q: %v does not name the member", text, err)
		}
	}
}

func TestDisplayName(t *testing.T) {
	long := strings.Repeat("\u00e9", 100)
	for text, want := range map[string]string{
		"":                             "",
		"  Ada \t Lovelace\r\n":        "Ada Lovelace",
		"Zoe\u0301":                    "Zo\u00e9",
		"a\x00b\x1bc":                  "a b c",
		"gpj.\u202eexe":                "gpj. exe", // no text that runs backwards (XSS-03)
		"<b>Ada</b> & 'co'":            "<b>Ada</b> & 'co'",
		"\u5c71\u7530 \u592a\u90ce":    "\u5c71\u7530 \u592a\u90ce",
		"\U0001f469\u200d\U0001f680":   "\U0001f469\u200d\U0001f680",
		"bad\xffbytes":                 "bad\ufffdbytes",
		long:                           long,
		strings.Repeat("e\u0301", 100): long,
	} {
		if got, err := account.DisplayName(text); got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	var invalid *identity.Error
	if _, err := account.DisplayName(long + "x"); !errors.As(err, &invalid) || invalid.Fields["name"] == "" {
		t.Errorf("101 characters: %v", err)
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"alice@example.com", " A@B.c ", "J\u030c@x.de", "\u0130@x.de", "\u1fbc@x.de", "a@\u2126.de", "a\u0345@b", "a@b@c", "\xff@x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, err := account.Address(s)
		if err != nil {
			return
		}
		if again, err := account.Address(address); again != address || err != nil {
			t.Errorf("%q became %q, and then %q, %v", s, address, again, err)
		}
		clean(t, address)
		if strings.ContainsFunc(address, unicode.IsSpace) || len(address) > 254 {
			t.Errorf("%q is no address", address)
		}
	})
}

func FuzzDisplayName(f *testing.F) {
	for _, s := range []string{"Ada", " a\u200e\u0301 ", "\xff\xfe", "a\u2029b", "\u1100\u1161"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := account.DisplayName(s)
		if err != nil {
			return
		}
		if again, err := account.DisplayName(name); again != name || err != nil {
			t.Errorf("%q became %q, and then %q, %v", s, name, again, err)
		}
		clean(t, name)
	})
}

// clean checks what every engine can store and every page can show.
func clean(t *testing.T, s string) {
	t.Helper()
	if !utf8.ValidString(s) || !norm.NFC.IsNormalString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		t.Errorf("%q is not clean", s)
	}
}
