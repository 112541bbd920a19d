package pages_test

import (
	"flag"
	"os"
	"regexp"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the pages of testdata anew")

func TestGoldenPages(t *testing.T) {
	h := open(t)
	p := h.person()
	p.register()
	signup := p.open("/signup").submit("/signup", "email", "ada", "password", "short")
	login := p.open("/login?ui_locales=ar")
	p.signIn()
	shown := p.open("/account/keys/new?ui_locales=ar").submit("/account/keys/new", "name", "Build", "ipAllowlist", "192.0.2.7, 10.0.0.0/8")
	h.wait(10 * time.Minute)
	h.person().signIn()
	for name, pg := range map[string]*page{
		"signup-errors.en": signup, "login.ar": login, "devices.en": p.open("/account/devices"), "profile.ar": p.open("/account?ui_locales=ar"),
		"nothing.en": p.open("/nothing"), "keys.en": p.open("/account/keys"), "keyshown.ar": shown,
	} {
		file := "testdata/" + name + ".html"
		got := regexp.MustCompile(`\n\n+`).ReplaceAllString(fresh.ReplaceAllString(pg.text, "–"), "\n")
		got = regexp.MustCompile(`ses_\w+`).ReplaceAllString(got, "ses_–")
		got = regexp.MustCompile(`sk_live_[\w-]+|key_\w{26}`).ReplaceAllString(got, "–")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || string(want) != got {
			t.Errorf("%s is not as it was (%v); if that is right: go test -update", file, err)
		}
	}
}
