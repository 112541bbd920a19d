package notify_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/notify"
)

var update = flag.Bool("update", false, "write the golden files anew")

var kinds = []notify.Kind{notify.Verify, notify.Known, notify.PasswordChanged, notify.TokenReuse}

// facts are those that the callers of a kind give.
func facts(kind notify.Kind) notify.Facts {
	f := notify.Facts{Product: "Nordlicht & Söhne", Email: "ada@example.com", Name: "Ada", Link: "https://id.example/login"}
	if kind == notify.Verify {
		f.Link, f.Expires = "https://id.example/verify-email?token=Zm9v-_YmFy&next=1", time.Hour
		return f
	}
	f.At, f.Device, f.Place = start.In(time.FixedZone("", 3600)), "Firefox on Linux", "192.0.2.7"
	return f
}

func TestGolden(t *testing.T) {
	for _, kind := range kinds {
		for _, language := range []string{"en", "ar"} {
			f := facts(kind)
			f.Language = language
			m, err := notify.Render(kind, f)
			if err != nil {
				t.Fatal(err)
			}
			if m.To != f.Email || m.Channel != notify.Mail || len(m.Links) != 1 || m.Links[0] != f.Link {
				t.Errorf("%s: to %q, channel %q, links %q", kind, m.To, m.Channel, m.Links)
			}
			name := filepath.Join("testdata", string(kind)+"."+language)
			golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
			golden(t, name+".html", m.HTML)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at what -update changes:\n%s", name, got)
	}
}

var unfilled = regexp.MustCompile(`^\{|\{[a-z]+\}|<(title|h1|bdi)></|ZgotmplZ|<no value>`)

// What holds for every mail in every language.
func TestEveryMail(t *testing.T) {
	for _, kind := range kinds {
		for language, want := range map[string]string{"": "en", "en-GB": "en", "tlh": "en", "ar": "ar", "AR-eg": "ar"} {
			f := facts(kind)
			f.Language = language
			m, err := notify.Render(kind, f)
			if err != nil {
				t.Fatal(err)
			}
			dir := map[string]string{"en": "ltr", "ar": "rtl"}[want]
			if !strings.Contains(m.HTML, `<html lang="`+want+`" dir="`+dir+`">`) {
				t.Errorf("%s in %q is not in %s", kind, language, want)
			}
			if unfilled.MatchString(m.Subject + m.Text + m.HTML) {
				t.Errorf("%s in %s has a gap:\n%s\n%s", kind, want, m.Subject, m.HTML)
			}
			for _, remote := range []string{"<img", "src=", "url(", "<script", "<link"} {
				if strings.Contains(m.HTML, remote) {
					t.Errorf("%s in %s has %s", kind, want, remote)
				}
			}
		}
	}
	if _, err := notify.Render("gossip", notify.Facts{}); err == nil {
		t.Error("a kind that nobody knows was rendered")
	}
}

// A stranger's name is text, never mark-up, never a gap to fill, never a link.
func TestNamesAreText(t *testing.T) {
	f := facts(notify.Verify)
	f.Name = `<b>{email}&`
	m, err := notify.Render(notify.Verify, f)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(m.HTML, "<bdi>&lt;b&gt;{email}&amp;</bdi>") || !strings.Contains(m.Text, "Hello <b>{email}&,") {
		t.Errorf("the name became\n%s\n%s", m.Text, m.HTML)
	}
	f.Name, f.Device, f.Place = "see evil.example", "evil.example on Linux", "www.evil"
	if m, err = notify.Render(notify.Verify, f); err != nil || strings.Contains(m.Text+m.HTML, "evil") || !strings.Contains(m.Text, "Hello,") {
		t.Errorf("a link was passed on (%v):\n%s", err, m.Text)
	}
}

func TestExpiry(t *testing.T) {
	for _, c := range []struct {
		language string
		life     time.Duration
		want     string
	}{
		{"en", 0, ""},
		{"en", time.Minute, "for 1 minute."},
		{"en", 90*time.Minute + time.Second, "for 90 minutes."},
		{"en", time.Hour, "for 1 hour."},
		{"en", 36 * time.Hour, "for 36 hours."},
		{"en", 48 * time.Hour, "for 2 days."},
		{"ar", 2 * time.Hour, "ساعتين"},
		{"ar", 10 * time.Minute, "10 دقائق"},
		{"ar", 15 * time.Minute, "15 دقيقة"},
	} {
		f := facts(notify.Verify)
		f.Language, f.Expires = c.language, c.life
		m, err := notify.Render(notify.Verify, f)
		if err != nil || !strings.Contains(m.Text, c.want) || c.life == 0 && strings.Contains(m.Text, "works once") {
			t.Errorf("%v in %s (%v):\n%s", c.life, c.language, err, m.Text)
		}
	}
}
