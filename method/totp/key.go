package totp

import (
	"cmp"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

const (
	period = 30 // seconds; RFC 6238 section 5.2, and the most that ASVS 6.5.5 allows
	window = 1  // steps by which the clock of an application may be off, either way
)

// A key is the private data of a credential, and of one that waits for its first code.
type key struct {
	Sealed    []byte `json:"sealed"` // the text of the key, in base32
	Algorithm string `json:"algorithm"`
	Digits    int    `json:"digits"`
	Step      int64  `json:"step"` // of the last code that was used
}

// An algorithm is what may stand in a key. Its keys are as long as its hash (RFC 4226
// section 4, R6; RFC 6238 section 3).
type algorithm struct {
	hash   otp.Algorithm
	length int
}

var algorithms = map[string]algorithm{"SHA1": {otp.AlgorithmSHA1, 20}, "SHA256": {otp.AlgorithmSHA256, 32}}

// draw makes a key for a user, sealed, and returns its text beside it.
func (m *Method) draw(user identity.UserID) (k key, text string, err error) {
	k = key{Algorithm: cmp.Or(m.Algorithm, "SHA1"), Digits: cmp.Or(m.Digits, 6)}
	a, ok := algorithms[k.Algorithm]
	if !ok || k.Digits != 6 && k.Digits != 8 {
		return key{}, "", fmt.Errorf("totp: %s with %d digits is no configuration; it is SHA1 or SHA256, and 6 or 8", k.Algorithm, k.Digits)
	}
	text = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret.Bytes(a.length))
	k.Sealed, err = m.flow.Seal([]byte(text), record(user))
	return k, text, err
}

// record names what a key is sealed for: moved to another user it cannot be opened.
func record(user identity.UserID) string { return "totp " + string(user) }

func readKey(data json.RawMessage) (k key, err error) {
	return k, json.Unmarshal(data, &k)
}

// forgiven are the characters with which people group the digits that they copy.
var forgiven = strings.NewReplacer(" ", "", "-", "", "\u00a0", "")

// stepOf returns the newest step of which code is the code, within the window around now.
// All steps are compared, each in constant time (BUG-50).
func (m *Method) stepOf(k key, user identity.UserID, code string) (int64, error) {
	text, err := m.flow.Unseal(k.Sealed, record(user))
	if err != nil {
		return 0, err
	}
	given, now, found := []byte(forgiven.Replace(code)), m.flow.Now().Unix()/period, int64(-1)
	for step := now - window; step <= now+window; step++ {
		want, err := k.code(string(text), step)
		if err != nil {
			return 0, err
		}
		if secret.Equal([]byte(want), given) {
			found = step
		}
	}
	if found < 0 {
		return 0, rejected(errWrong)
	}
	return found, nil
}

// code returns the code of a step (RFC 6238 section 4.2).
func (k key) code(text string, step int64) (string, error) {
	return hotp.GenerateCodeCustom(text, uint64(step), hotp.ValidateOpts{ //nolint:gosec // a step before 1970 is no code of anybody
		Digits: otp.Digits(k.Digits), Algorithm: algorithms[k.Algorithm].hash,
	})
}

// url writes the key as applications read it, in the form that Google Authenticator
// introduced. Neither half of the label may hold a colon.
func (k key) url(text, issuer, account string) string {
	issuer, account = strings.ReplaceAll(issuer, ":", " "), strings.ReplaceAll(account, ":", " ")
	values := url.Values{
		"secret": {text}, "issuer": {issuer}, "algorithm": {k.Algorithm},
		"digits": {strconv.Itoa(k.Digits)}, "period": {strconv.Itoa(period)},
	}
	// Some applications show the + of a form as it is.
	query := strings.ReplaceAll(values.Encode(), "+", "%20")
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(account) + "?" + query
}
