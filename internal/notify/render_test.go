package notify_test

import (
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/notify"
)

var update = flag.Bool("update", false, "write the golden files anew")

var kinds = []notify.Kind{
	notify.Verify, notify.Known, notify.MagicLink, notify.SignInCode, notify.Reset, notify.ResetForced, notify.PasswordReset,
	notify.PasswordChanged, notify.TokenReuse, notify.Locked, notify.OddSignIn, notify.OddRefused, notify.SessionMoved, notify.FactorAdded, notify.FactorRemoved, notify.FactorCloned,
	notify.CodesRenewed, notify.CodeUsed, notify.CodesLow, notify.EmailOld, notify.EmailNew, notify.EmailChanged,
	notify.KeyCreated, notify.KeyRotated, notify.KeyExpiring, notify.Recovery, notify.Recovered, notify.SignedOut, notify.Deleted,
}

// particular are the facts of those kinds that have some of their own.
var particular = map[notify.Kind]notify.Facts{
	notify.Verify:        {Link: "https://id.example/verify-email?token=Zm9v-_YmFy&next=1", Expires: time.Hour},
	notify.MagicLink:     {Link: "https://id.example/login/link?token=Zm9v-_YmFy", Code: "402915", Expires: 10 * time.Minute},
	notify.SignInCode:    {Code: "402915", Expires: 10 * time.Minute},
	notify.Reset:         {Link: "https://id.example/reset-password?token=Zm9v-_YmFy", Expires: time.Hour},
	notify.ResetForced:   {Link: "https://id.example/reset-password?token=Zm9v-_YmFy", Expires: 24 * time.Hour},
	notify.Locked:        {Link: "https://id.example/unlock?token=Zm9v-_YmFy", Expires: time.Hour},
	notify.OddSignIn:     {Link: "https://id.example/account/devices"},
	notify.OddRefused:    {Link: "https://id.example/account/activity"},
	notify.SessionMoved:  {Link: "https://id.example/account/devices"},
	notify.FactorAdded:   {Link: "https://id.example/account/security", Method: "passkey"},
	notify.FactorRemoved: {Link: "https://id.example/account/security", Method: "totp"},
	notify.FactorCloned:  {Link: "https://id.example/account/security", Method: "passkey"},
	notify.CodeUsed:      {Link: "https://id.example/account/security", Left: 7},
	notify.CodesLow:      {Link: "https://id.example/account/security", Left: 2},
	notify.KeyCreated:    {Link: "https://id.example/account/keys", Key: "sk_live_ab12"},
	notify.KeyRotated:    {Link: "https://id.example/account/keys", Key: "sk_live_ab12"},
	notify.KeyExpiring:   {Link: "https://id.example/account/keys", Key: "sk_live_ab12", Opens: start.Add(7 * 24 * time.Hour)},
	notify.EmailOld:      {Link: "https://id.example/email?token=Zm9v-_YmFy", NewEmail: "countess@example.org", Expires: 24 * time.Hour},
	notify.EmailNew:      {Link: "https://id.example/email?token=Zm9v-_YmFy", Expires: 24 * time.Hour},
	notify.EmailChanged:  {Link: "https://id.example/login", NewEmail: "countess@example.org"},
	notify.Recovery: {
		Link: "https://id.example/recover?token=Zm9v-_YmFy", Cancel: "https://id.example/recover/stop?token=cXV4-_eHl6",
		Opens: start.Add(24 * time.Hour), Expires: 72 * time.Hour,
	},
	notify.Deleted: {},
}

// asks are the kinds that somebody asked for: they tell of nothing that happened.
var asks = []notify.Kind{notify.Verify, notify.MagicLink, notify.SignInCode, notify.Reset, notify.EmailNew, notify.Recovery, notify.KeyExpiring}

// facts are those that the callers of a kind give.
func facts(kind notify.Kind) notify.Facts {
	f, ok := particular[kind]
	if !ok {
		f.Link = "https://id.example/login"
	}
	f.Product, f.Email, f.Name = "Nordlicht & Söhne", "ada@example.com", "Ada"
	if kind.Security() {
		f.NotMe = "https://id.example/not-me?token=YmFy-_Zm9v"
	}
	if !slices.Contains(asks, kind) {
		f.At, f.Device, f.Place = start.In(time.FixedZone("", 3600)), "Firefox on Linux", "192.0.2.7"
	}
	return f
}

// links are those of a mail: what it asks for, what stops that, and "this was not me".
func links(f notify.Facts) []string {
	return slices.DeleteFunc([]string{f.Link, f.Cancel, f.NotMe}, func(link string) bool { return link == "" })
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
			if m.To != f.Email || m.Channel != notify.Mail || m.Code != f.Code || !slices.Equal(m.Links, links(f)) {
				t.Errorf("%s: to %q, channel %q, code %q, links %q", kind, m.To, m.Channel, m.Code, m.Links)
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

var unfilled = regexp.MustCompile(`^\{|\{[a-zA-Z]+\}|<(title|h1|bdi)></|ZgotmplZ|<no value>`)

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
			for _, given := range append(links(f), f.Code, f.NewEmail) {
				if !strings.Contains(m.Text, given) || !strings.Contains(m.HTML, html.EscapeString(given)) {
					t.Errorf("%s in %s does not say %s", kind, want, given)
				}
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

// A method is called by its name in the reader's language, one that nobody has named by its ID.
func TestMethods(t *testing.T) {
	for method, want := range map[string]string{"totp": "an authenticator app", "palm-reading": "palm-reading"} {
		f := facts(notify.FactorAdded)
		f.Method = method
		if m, err := notify.Render(notify.FactorAdded, f); err != nil || !strings.Contains(m.Text, want) {
			t.Errorf("%s (%v):\n%s", method, err, m.Text)
		}
	}
}

func TestLeft(t *testing.T) {
	for _, c := range []struct {
		language string
		left     int
		want     string
	}{
		{"en", 0, "0 backup codes"},
		{"en", 1, "1 backup code."},
		{"ar", 0, "لا شيء"},
		{"ar", 2, "رمزان احتياطيان"},
		{"ar", 9, "9 رموز احتياطية"},
	} {
		f := facts(notify.CodeUsed)
		f.Language, f.Left = c.language, c.left
		if m, err := notify.Render(notify.CodeUsed, f); err != nil || !strings.Contains(m.Text, c.want) {
			t.Errorf("%d in %s (%v):\n%s", c.left, c.language, err, m.Text)
		}
	}
}
