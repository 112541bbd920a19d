package identity

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"
)

// Each kind of thing has its own ID type so that one cannot be passed for another.
// The zero value of each means "none".
type (
	UserID       string // usr_…
	TenantID     string // org_…
	CredentialID string // crd_…
	ChallengeID  string // chl_…
	SessionID    string // ses_…
	ClientID     string // cli_…, or "gatehouse" for the house itself
	GrantID      string // gra_…
	EventID      string // evt_…
	MailID       string // mai_…
	KeyID        string // key_…, an API key
	PolicyID     string // pol_…
	WebhookID    string // whk_…
	DeliveryID   string // dlv_…
	SchemeID     string // "cookie", "bearer", "api-key", "basic", "mtls"
	RequestID    string // req_…
	MethodID     string // "password", "passkey", "totp", "oidc:google"
)

// The house's own schemes (RFC 9110 section 11).
const (
	SchemeCookie SchemeID = "cookie"
	SchemeBearer SchemeID = "bearer"
	SchemeAPIKey SchemeID = "api-key"
	SchemeBasic  SchemeID = "basic"
	SchemeMTLS   SchemeID = "mtls"
)

// FirstParty is the client that the house's own sign-in pages and routes act for.
const FirstParty ClientID = "gatehouse"

var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns an ID such as "usr_06d2k8…": lower case, 26 characters after the
// prefix, sortable by the time it was made (milliseconds). It is a name, not a secret.
func NewID[T ~string](prefix string, now time.Time) T {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())<<16) // a time before 1970 sorts wrongly
	_, _ = rand.Read(b[6:])                                       // never fails: it crashes the program instead (crypto/rand)
	return T(prefix + "_" + alphabet.EncodeToString(b[:]))
}

// Made returns when the ID was made, by the clock of whoever made it; false if it is none of ours.
func Made[T ~string](id T) (time.Time, bool) {
	_, text, _ := strings.Cut(string(id), "_")
	b, err := alphabet.DecodeString(text)
	if err != nil || len(b) != 16 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b) >> 16)).UTC(), true
}
