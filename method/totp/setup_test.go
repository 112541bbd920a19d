package totp_test

import (
	"encoding/base32"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/totp"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// An application of another make is set up and signs in: the whole way, through the Flow
// (MFA-03, MFA-08, MFA-10).
func TestSignIn(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		a, _ := f.begin(user)
		f.Must(f.confirm(user, a.code(0)))
		login := f.half()
		_, err := f.prove(login, a.code(0))
		f.Refuses("the code that confirmed it", err, identity.ErrCode)
		f.Wait(30 * time.Second)
		out, err := f.prove(login, a.code(0))
		f.Must(err)
		if acr, amr := identity.ACR(out.SignedIn.Session.Proofs), identity.AMR(out.SignedIn.Session.Proofs); acr != "aal2" || strings.Join(amr, " ") != "pwd otp mfa" {
			t.Errorf("%s, %v", acr, amr)
		}
	})
}

// What is not confirmed is not asked for, and a wrong code leaves nothing behind (MFA-04).
func TestPending(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		f.Refuses("what was not begun", f.confirm(user, "000000"), authn.ErrNothingPending)
		older, _ := f.begin(user)
		a, _ := f.begin(user)
		f.Refuses("a wrong code", f.confirm(user, "000000"), identity.ErrCode)
		f.Refuses("a code of an older beginning", f.confirm(user, older.code(0)), identity.ErrCode)
		if f.enrolled(user) || f.half() != "" {
			t.Error("it is asked for before it is confirmed")
		}
		f.Must(f.confirm(user, a.code(-1)))
		f.Refuses("twice", f.confirm(user, a.code(0)), authn.ErrNothingPending)
		if !f.enrolled(user) || f.half() == "" {
			t.Error("it is confirmed and not asked for")
		}

		// Another beginning leaves the key that works, until it is confirmed in turn.
		b, _ := f.begin(user)
		f.Must(f.finish(f.method, user.ID, a.code(0)))
		f.Must(f.confirm(user, b.code(0)))
		f.Refuses("the key of before", f.finish(f.method, user.ID, a.code(1)), identity.ErrRejected)
		f.Must(f.finish(f.method, user.ID, b.code(1)))
	})
}

// Who takes too long, or guesses, begins again.
func TestPendingEnds(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	a, _ := f.begin(user)
	f.Wait(10 * time.Minute)
	f.Refuses("after ten minutes", f.confirm(user, a.code(0)), authn.ErrNothingPending)
	a, _ = f.begin(user)
	for range 5 {
		f.Refuses("a guess", f.confirm(user, "000000"), identity.ErrCode)
	}
	f.Refuses("after five guesses", f.confirm(user, a.code(0)), authn.ErrNothingPending)
}

// The key is nowhere in the database in clear, neither while it waits nor later (MFA-05,
// BUG-27).
func TestSealed(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		a, _ := f.begin(user)
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(a.key)
		f.Must(err)
		hidden := func(when, query string) {
			var data []byte
			found, err := f.DB.Row(t.Context(), []any{&data}, query, string(user.ID))
			f.Must(err)
			if !found || strings.Contains(string(data), a.key) || strings.Contains(string(data), string(raw)) {
				t.Errorf("%s: found %v, %s", when, found, data)
			}
		}
		hidden("pending", `SELECT data FROM challenges WHERE user_id = $1 AND purpose = 'enroll'`)
		f.Must(f.confirm(user, a.code(0)))
		hidden("confirmed", `SELECT data FROM credentials WHERE user_id = $1 AND method = 'totp'`)
	})
}

// What applications are told, by what may be configured (MFA-02, MFA-03).
func TestURL(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := &identity.User{ID: "usr_1", Email: "a+b&c@example.com"}
	for want, m := range map[string]*totp.Method{
		"/Acme:a+b&c@example.com algorithm=SHA1 digits=6 issuer=Acme period=30":                               {},
		"/Acme:a+b&c@example.com algorithm=SHA256 digits=8 issuer=Acme period=30":                             {Algorithm: "SHA256", Digits: 8},
		"/The Café & Co  8443:a+b&c@example.com algorithm=SHA1 digits=6 issuer=The Café & Co  8443 period=30": {Issuer: "The Café & Co: 8443"},
	} {
		m.Settle(f.Flow)
		e := &authn.Enrollment{User: user}
		prompt, err := m.BeginEnroll(t.Context(), e, authn.Input{})
		f.Must(err)
		u, err := url.Parse(prompt.Secret.URL)
		f.Must(err)
		q := u.Query()
		got := fmt.Sprintf("%s algorithm=%s digits=%s issuer=%s period=%s", u.Path, q["algorithm"][0], q["digits"][0], q["issuer"][0], q["period"][0])
		if u.Scheme != "otpauth" || u.Host != "totp" || got != want || q["secret"][0] != prompt.Secret.Key || strings.Contains(u.RawQuery, "+") {
			t.Errorf("%s\nis %s\nwant %s", prompt.Secret.URL, got, want)
		}
		digits, err := strconv.Atoi(q["digits"][0])
		f.Must(err)
		a := app{f, prompt.Secret.Key, q["algorithm"][0], digits}
		if n := map[string]int{"SHA1": 32, "SHA256": 52}[a.algorithm]; len(a.key) != n { // 20 and 32 bytes
			t.Errorf("a key of %d characters", len(a.key))
		}
		_, err = m.FinishEnroll(t.Context(), e, authn.Input{Code: a.code(0)})
		f.Refuses(want, err, nil)
	}
	for _, m := range []*totp.Method{{Digits: 7}, {Algorithm: "MD5"}} {
		m.Settle(f.Flow)
		if _, err := m.BeginEnroll(t.Context(), &authn.Enrollment{User: user}, authn.Input{}); err == nil {
			t.Errorf("%+v is accepted", m)
		}
	}
}

// The QR code says what the URL says, to a scanner that is not ours, and has nothing that a
// content security policy refuses (MFA-03).
func TestDrawing(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	for _, email := range []string{house.Alice, strings.Repeat("a", 64) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 3) + "org"} {
		_, prompt := f.begin(f.Person(email))
		svg := prompt.Secret.SVG
		if strings.Contains(svg, "style") || strings.Contains(svg, "script") || strings.Contains(svg, email) || strings.Count(svg, "<path ") != 1 {
			t.Errorf("%s", svg)
		}
		out, err := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", painted(t, svg)).Output()
		f.Must(err)
		if got := strings.TrimSpace(string(out)); got != prompt.Secret.URL {
			t.Errorf("it says %s\nthe URL is %s", got, prompt.Secret.URL)
		}
	}
	_, err := f.method.BeginEnroll(t.Context(), &authn.Enrollment{User: &identity.User{ID: "usr_1", Name: strings.Repeat("a", 3000)}}, authn.Input{})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("what no QR code can hold: %v", err)
	}
}

var (
	view = regexp.MustCompile(`^<svg [^>]*viewBox="0 0 (\d+) (\d+)" shape-rendering="crispEdges" role="img" aria-label="[^"]+">`)
	run  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`)
)

// painted draws an SVG of ours into a file, a few pixels for each module.
func painted(t *testing.T, svg string) string {
	t.Helper()
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	box := view.FindStringSubmatch(svg)
	if box == nil {
		t.Fatalf("%.200s", svg)
	}
	const scale = 4
	size := number(box[1])
	img := image.NewGray(image.Rect(0, 0, scale*size, scale*size))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, r := range run.FindAllStringSubmatch(svg, -1) {
		x, y, n := number(r[1]), number(r[2]), number(r[3])
		for px := scale * x; px < scale*(x+n); px++ {
			for py := scale * y; py < scale*(y+1); py++ {
				img.SetGray(px, py, color.Gray{})
			}
		}
	}
	name := filepath.Join(t.TempDir(), "code.png")
	file, err := os.Create(name)
	if err == nil {
		err = png.Encode(file, img)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}
