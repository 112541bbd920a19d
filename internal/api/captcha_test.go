package api_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
)

// easy makes the work short.
func easy(c *gatehouse.Config) { c.Captcha.Difficulty = captcha.MinDifficulty }

// solve gets work to do, and does it.
func (d *device) solve() string {
	d.Helper()
	a := d.do("GET", "/auth/captcha", nil).is(200, "")
	var c captcha.Challenge
	if err := json.Unmarshal([]byte(a.text), &c); err != nil {
		d.Fatal(err)
	}
	p := c.Parameters
	nonce, _ := hex.DecodeString(p.Nonce)
	salt, _ := hex.DecodeString(p.Salt)
	for n := uint32(0); ; n++ {
		key, err := pbkdf2.Key(sha256.New, string(binary.BigEndian.AppendUint32(nonce[:16:16], n)), salt, p.Cost, p.KeyLength)
		if err != nil {
			d.Fatal(err)
		}
		if found := hex.EncodeToString(key); strings.HasPrefix(found, p.KeyPrefix) {
			text, _ := json.Marshal(message{"challenge": c, "solution": message{"counter": n, "derivedKey": found}})
			return base64.StdEncoding.EncodeToString(text)
		}
	}
}

// Seven failures are free; from then on a right password needs work too, each piece once, for an
// account that nobody has as well (RAT-10, RAT-14, BUG-24).
func TestCaptcha(t *testing.T) {
	each(t, func(f *fixture) {
		f.person(alice)
		d := f.program()
		for _, email := range []string{alice, "nobody@example.com"} {
			for range 7 {
				d.do("POST", "/auth/login", message{"email": email, "password": "not the passphrase"}).is(401, "INVALID_CREDENTIALS")
				f.wait(20 * time.Second) // longer than any delay
			}
			d.do("POST", "/auth/login", message{"email": email, "password": passphrase}).is(403, "CAPTCHA_REQUIRED")
			d.do("POST", "/auth/login", message{"email": email, "password": passphrase, "captcha": "nonsense"}).is(403, "CAPTCHA_REQUIRED")
		}
		answer := d.solve()
		d.do("POST", "/auth/login", message{"email": "nobody@example.com", "password": passphrase, "captcha": answer}).is(401, "INVALID_CREDENTIALS")
		d.do("POST", "/auth/login", message{"email": alice, "password": passphrase, "captcha": answer}).is(403, "CAPTCHA_REQUIRED")
		d.do("POST", "/auth/login/password", message{"email": alice, "password": passphrase, "captcha": d.solve()}).is(200, "")
	}, easy)
}

// Work is handed out to strangers, for nobody to keep, and everybody is told where (api.md).
func TestCaptchaSite(t *testing.T) {
	f := one(t)
	d := f.program()
	a := d.do("GET", "/auth/captcha", nil).is(200, "").
		has("", "parameters", "signature").
		has("parameters", "algorithm", "cost", "data", "expiresAt", "keyLength", "keyPrefix", "nonce", "salt")
	if a.header.Get("Cache-Control") != "no-store" || a.at("parameters.cost") != 4000.0 {
		t.Errorf("%v %s", a.header, a.text)
	}
	m := d.do("GET", "/auth/methods", nil).is(200, "").has("captcha", "provider", "challenge")
	if m.str("captcha.provider") != "work" || m.str("captcha.challenge") != "http://localhost:8080/auth/captcha" {
		t.Error(m.text)
	}
}

func TestCaptchaOfVendor(t *testing.T) {
	d := one(t, func(c *gatehouse.Config) {
		c.Captcha = gatehouse.Captcha{Provider: "hcaptcha", SiteKey: "site", Secret: "what nobody reads"}
	}).program()
	m := d.do("GET", "/auth/methods", nil).is(200, "").has("captcha", "provider", "siteKey", "action")
	if m.str("captcha.siteKey") != "site" || strings.Contains(m.text, "what nobody reads") {
		t.Error(m.text)
	}
	d.do("GET", "/auth/captcha", nil).is(404, "NOT_FOUND")

	d = one(t, func(c *gatehouse.Config) { c.Captcha.Provider = "off" }).program()
	if m := d.do("GET", "/auth/methods", nil).is(200, ""); m.at("captcha") != nil {
		t.Error(m.text)
	}
	d.do("GET", "/auth/captcha", nil).is(404, "NOT_FOUND")
}
