package basic

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// The vectors of RFC 7617 sections 2 and 2.1, and what stands next to them.
func TestParse(t *testing.T) {
	of := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for _, c := range []struct{ text, id, word string }{
		{"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"},
		{"dGVzdDoxMjPCow==", "test", "123£"},
		{of("a:b:c"), "a", "b:c"},
		{of("a%3Ab:c%20d+e"), "a:b", "c d e"},
		{of("a:%C2%A3"), "a", "£"},
		{of("a:%"), "", ""},
		{of("a:%zz"), "", ""},
		{of("a:%00"), "", ""},
		{of("a:%FF"), "", ""},
		{of("a:b\x7f"), "", ""},
		{of("a:b\u0085"), "", ""},
		{of("a"), "", ""},
		{of("a:"), "", ""},
		{of(":b"), "", ""},
		{"", "", ""},
		{"dGVzdDoxMjPCow", "", ""},
		{"dGVzdDoxMjPCox==", "", ""},
		{"dGVzdDoxMjPCow==\n", "", ""},
		{" dGVzdDoxMjPCow==", "", ""},
	} {
		id, word, err := parse(c.text)
		if id != c.id || word != c.word || (err == nil) != (c.id != "") {
			t.Errorf("%q: %q, %q, %v; want %q, %q", c.text, id, word, err, c.id, c.word)
		}
	}
}

// Whatever is read is what one text could have meant, and nothing else.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "dGVzdDoxMjPCow==", "YTolNDE=", "", "====", "YTpi\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, word, err := parse(text)
		if err != nil {
			if id != "" || word != "" {
				t.Errorf("%q: %q, %q beside %v", text, id, word, err)
			}
			return
		}
		if id == "" || word == "" || !legible(id) || !legible(word) || len(text) > longest {
			t.Errorf("%q: %q, %q", text, id, word)
		}
		raw, _ := base64.StdEncoding.DecodeString(text)
		if base64.StdEncoding.EncodeToString(raw) != text {
			t.Errorf("%q is not the only way to write %q", text, raw)
		}
		again, wordAgain, err := parse(base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id) + ":" + url.QueryEscape(word))))
		if fits := 4*len(url.QueryEscape(id)+url.QueryEscape(word)) < 3*longest-64; fits && (err != nil || again != id || wordAgain != word) {
			t.Errorf("%q: %q, %q once more: %q, %q, %v", text, id, word, again, wordAgain, err)
		}
		if i := strings.IndexByte(string(raw), ':'); i < 1 {
			t.Errorf("%q has no colon", raw)
		}
	})
}
