package apikey_test

import (
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"math/big"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

// shape is what docs/howto/api-keys.md tells the authors of scanners.
var shape = regexp.MustCompile(`^sk_(live|test)_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$`)

// scan is the scanner of that page, written from the page and not from our code.
func scan(key string) bool {
	if !shape.MatchString(key) {
		return false
	}
	body, sum := key[:len(key)-6], key[len(key)-6:]
	return sum == checksum(body)
}

// checksum is that of the page.
func checksum(body string) string {
	n := new(big.Int).SetUint64(uint64(crc32.ChecksumIEEE([]byte(body))))
	text := n.Text(62) // 0-9a-zA-Z; the keys' digits are 0-9A-Za-z
	text = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return r
	}, text)
	return fmt.Sprintf("%06s", text)
}

// near returns a key that differs from another in the last characters of its secret, and in its
// checksum.
func near(text string) string {
	body := text[:len(text)-6-8] + secret.New()[:8]
	return body + checksum(body)
}

// A hundred thousand keys are all different, and a scanner that has read the page knows each of
// them (KEY-01, KEY-05).
func TestScanner(t *testing.T) {
	seen := make(map[string]bool, 100_000)
	for range 100_000 {
		for _, kind := range []string{"sk_live_", "sk_test_"}[:1+len(seen)%2] {
			key := apikey.Draw(kind)
			if !scan(key) || !apikey.Wellformed(key) || !strings.HasPrefix(key, kind) {
				t.Fatalf("%s is not as it should be", key)
			}
			seen[key] = true
		}
	}
	if len(seen) < 100_000 {
		t.Errorf("%d different keys", len(seen))
	}
}

// The page says what the test knows, and its example is one.
func TestPage(t *testing.T) {
	text, err := os.ReadFile("../docs/howto/api-keys.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), strings.Trim(shape.String(), "^$")) {
		t.Error("the page has another regular expression")
	}
	examples := regexp.MustCompile(`sk_live_[A-Za-z0-9_-]{49}`).FindAllString(string(text), -1)
	if len(examples) == 0 {
		t.Error("the page has no example")
	}
	for _, key := range examples {
		if !scan(key) {
			t.Errorf("%s is no key", key)
		}
	}
}

// What was changed anywhere is no key, and costs no query: Check has no database here.
func TestMistyped(t *testing.T) {
	key := apikey.Draw("sk_live_")
	store := &apikey.Store{}
	for i := range key {
		for _, c := range "aB0-_ é" {
			other := key[:i] + string(c) + key[i+1:]
			if other == key {
				continue
			}
			if apikey.Wellformed(other) {
				t.Errorf("%s is taken for a key", other)
			}
			if _, _, err := store.Check(t.Context(), other, here); err == nil {
				t.Errorf("%s opens something", other)
			}
		}
	}
	for _, other := range []string{"", "sk_live_", key[1:], key + "0", key[:len(key)-1], " " + key, key + "\n", strings.ToUpper(key)} {
		if apikey.Wellformed(other) {
			t.Errorf("%q is taken for a key", other)
		}
	}
}

// A key has 32 random bytes after its kind (KEY-01).
func TestEntropy(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	k, text := f.key(f.user("alice"))
	raw, err := base64.RawURLEncoding.DecodeString(text[8 : len(text)-6])
	if err != nil || len(raw) != 32 || !strings.HasPrefix(text, "sk_live_") || len(text) != apikey.Length {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	if k.Prefix != text[:12] {
		t.Errorf("the prefix is %s (KEY-04)", k.Prefix)
	}
}

func FuzzWellformed(f *testing.F) {
	f.Add(apikey.Draw("sk_live_"))
	f.Add("sk_test_" + strings.Repeat("A", 49))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if apikey.Wellformed(text) != scan(text) {
			t.Errorf("%q: we and the scanner disagree", text)
		}
	})
}

func FuzzNetworks(f *testing.F) {
	for _, text := range []string{"10.0.0.0/8", "::ffff:10.0.0.1/104", "fe80::1%eth0", "2001:db8::/32", "0.0.0.0/0", "::ffff:0:0/90"} {
		f.Add(text, "10.1.2.3")
	}
	f.Fuzz(func(t *testing.T, network, ip string) {
		list, err := apikey.Networks([]string{network})
		if err != nil {
			return
		}
		again, err := apikey.Networks([]string{list[0].String()})
		if err != nil || len(again) != 1 || again[0] != list[0] || list[0] != list[0].Masked() || !list[0].IsValid() {
			t.Errorf("%q is %v, and then %v, %v", network, list, again, err)
		}
		_ = apikey.Within(list, ip)
	})
}
