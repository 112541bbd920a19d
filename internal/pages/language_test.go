package pages_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var gap = regexp.MustCompile(`\{\w+\}`)

// flatten returns the phrases of a catalogue by their paths, as the gaps that each has.
func flatten(prefix string, tree map[string]any, into map[string]string) {
	for name, v := range tree {
		switch v := v.(type) {
		case map[string]any:
			flatten(prefix+name+"/", v, into)
		case string:
			gaps := gap.FindAllString(v, -1)
			slices.Sort(gaps)
			into[prefix+name] = strings.Join(slices.Compact(gaps), "")
		}
	}
}

// Every catalogue has the words of the English one, with the same gaps.
func TestCataloguesAgree(t *testing.T) {
	read := func(file string) map[string]string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Words map[string]any
		}
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all := map[string]string{}
		flatten("", c.Words, all)
		return all
	}
	english := read("languages/en.json")
	files, err := filepath.Glob("languages/*.json")
	if err != nil || len(files) < 2 || len(english) < 100 {
		t.Fatalf("%d catalogues, %d words: %v", len(files), len(english), err)
	}
	for _, file := range files {
		words := read(file)
		for _, key := range slices.Sorted(maps.Keys(english)) {
			if gaps, ok := words[key]; !ok || gaps != english[key] {
				t.Errorf("%s: %s has the gaps %q, not %q (present: %v)", file, key, gaps, english[key], ok)
			}
		}
		for key := range words {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: %s is not in the English one", file, key)
			}
		}
	}
}

func TestLanguageOfReader(t *testing.T) {
	h := open(t)
	for _, c := range []struct{ query, accept, want string }{
		{"", "", `<html lang="en" dir="ltr">`},
		{"", "ar-EG, en;q=0.5", `<html lang="ar" dir="rtl">`},
		{"", "zu, ar;q=0.1", `<html lang="ar" dir="rtl">`},
		{"", "nonsense;;;", `<html lang="en" dir="ltr">`},
		{"?ui_locales=ar", "en", `<html lang="ar" dir="rtl">`},
		{"?ui_locales=xx+ar-SA", "en", `<html lang="ar" dir="rtl">`},
		{"?ui_locales=en", "ar", `<html lang="en" dir="ltr">`},
		{"?ui_locales=%22%3E", "ar", `<html lang="ar" dir="rtl">`},
	} {
		p := h.person()
		p.sends["Accept-Language"] = c.accept
		if pg := p.open("/login" + c.query); !strings.Contains(pg.text, c.want) {
			t.Errorf("%q, %q: %.80s", c.query, c.accept, pg.text)
		}
	}
}

// A language that was chosen by a link stays through forms and redirects.
func TestLanguageStays(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	p.open("/account?ui_locales=ar").came("303 /login?returnTo=%2Faccount%3Fui_locales%3Dar&ui_locales=ar").
		submit("/login", "email", ada, "password", secret).came("303 /account?ui_locales=ar").
		submit("/account", "name", "أدا").came("303 /account?done=renamed&ui_locales=ar").
		is(http.StatusOK, "الملف الشخصي", "تم حفظ اسمك.")
}

// In no language does a page fall back to the words of programs.
func TestEveryPageInEveryLanguage(t *testing.T) {
	for _, tag := range []string{"en", "ar"} {
		h := open(t)
		p := h.person()
		p.register()
		p.sends["Accept-Language"] = tag
		see := func(pg *page) {
			t.Helper()
			text := words(pg.root)
			if pg.status == http.StatusInternalServerError || !strings.Contains(pg.text, `lang="`+tag+`"`) || gap.MatchString(text) {
				t.Errorf("%s in %s: %d %q", pg.url, tag, pg.status, text)
			}
			if tag == "ar" && regexp.MustCompile(`[a-z]{3,} [a-z]{3,}`).MatchString(text) {
				t.Errorf("%s speaks English: %q", pg.url, text)
			}
		}
		for _, path := range []string{
			"/login", "/signup", "/signup/sent", "/signup/done", "/verify-email", "/verify-email?token=x", "/verify-email/resend",
			"/verify-email/done", "/setup", "/setup/done", "/logged-out", "/nothing",
		} {
			see(p.open(path))
		}
		for _, weak := range []string{"", "short", "abcabcabcabcabcabc", "passwordpassword1", "adaadaexampleacme"} {
			see(p.open("/signup").submit("/signup", "email", "ada@"+strings.Repeat("example.com", len(weak)/15), "password", weak))
		}
		see(p.open("/login").submit("/login", "email", ada, "password", "x"))
		see(p.open("/login").submit("/login", "email", ada, "password", secret))
		for _, path := range []string{"", "/password", "/devices", "/activity"} {
			see(p.open("/account" + path))
		}
		see(p.open("/account/password").submit("/account/password", "currentPassword", "x", "newPassword", newWords))
		see(p.open("/logout"))
	}
}
