package identity

import "time"

// A Proof records that a user answered a method. A session's proofs decide its
// assurance (acr), its amr claim and its freshness.
type Proof struct {
	Method MethodID  `json:"method"`
	Factor Factor    `json:"factor"`
	At     time.Time `json:"at"`
}

// A Factor is the kind of evidence a method gives (NIST SP 800-63B, section 3.1).
type Factor uint8

// The factors. One method may give several: a passkey that verified its user gives
// Possession|Inherence.
const (
	Knowledge  Factor = 1 << iota // a password
	Possession                    // a TOTP app, a passkey, a phone
	Inherence                     // a fingerprint, a face
	// Mailbox is control of the address, which NIST does not count as possession (SP 800-63B-4
	// section 3.1.3). Whoever reads the mail can set a new password, so beside a password it
	// adds nothing: the two are one kind of evidence.
	Mailbox
)

// A Mode says what a sign-in hands to its client. The zero Mode is not valid.
type Mode string

// The modes.
const (
	ModeToken       Mode = "token"        // access token in the body, refresh cookie
	ModeCookie      Mode = "cookie"       // session cookie only
	ModeCookieToken Mode = "cookie-token" // access token and refresh token as cookies
	ModeNative      Mode = "native"       // both tokens in the body, no cookies
)

// Valid reports whether m is one of the modes.
func (m Mode) Valid() bool {
	return m == ModeToken || m == ModeCookie || m == ModeCookieToken || m == ModeNative
}

// A Session is one signed-in browser or device.
type Session struct {
	ID         SessionID
	UserID     UserID
	Mode       Mode
	Persistent bool  // its cookies outlive the run of the browser
	Generation int64 // the user's, when the session began
	Proofs     []Proof
	UserAgent  string
	IP         string
	CreatedAt  time.Time
	SeenAt     time.Time
	Idle       time.Duration // ends it when not used for so long; 0: its grant decides
	ExpiresAt  time.Time     // absolute
}

// MultiFactor reports whether the proofs span two kinds of evidence.
func (s *Session) MultiFactor() bool { return MultiFactor(s.Proofs) }

// AuthTime returns the time of the latest proof, OIDC's auth_time.
func (s *Session) AuthTime() time.Time { return AuthTime(s.Proofs) }

// MultiFactor reports whether proofs span two kinds of evidence.
func MultiFactor(proofs []Proof) bool {
	var f Factor
	for _, p := range proofs {
		f |= p.Factor
	}
	if f&Mailbox != 0 {
		f = f&^Mailbox | Knowledge
	}
	return f&(f-1) != 0
}

// AuthTime returns the time of the latest proof, the zero time for none.
func AuthTime(proofs []Proof) time.Time {
	var t time.Time
	for _, p := range proofs {
		if p.At.After(t) {
			t = p.At
		}
	}
	return t
}

// amr has the RFC 8176 value of each method of ours that has one.
var amr = map[MethodID]string{"password": "pwd", "totp": "otp", "passkey": "hwk", "sms": "sms", "backup-code": "otp"}

// AMR returns the methods of proofs as RFC 8176 names them, "mfa" added where they span
// two kinds of evidence.
func AMR(proofs []Proof) []string {
	list := make([]string, 0, len(proofs)+1)
	for _, p := range proofs {
		name, ok := amr[p.Method]
		if !ok {
			name = string(p.Method)
		}
		list = append(list, name)
	}
	if MultiFactor(proofs) {
		list = append(list, "mfa")
	}
	return list
}

// ACR returns the assurance of proofs: "aal1" for one kind of evidence, "aal2" for two
// (NIST SP 800-63B, section 2), "" for none.
func ACR(proofs []Proof) string {
	switch {
	case len(proofs) == 0:
		return ""
	case MultiFactor(proofs):
		return "aal2"
	default:
		return "aal1"
	}
}
