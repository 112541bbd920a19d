package identity

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
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
	RequestID    string // req_…
	MethodID     string // "password", "passkey", "totp", "oidc:google"
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
