package identity

import "time"

// A Grant is what a user allowed a client, and the root of a refresh family: revoking it
// ends every token below it (RFC 6749 section 1.3, RFC 9700 section 4.14).
type Grant struct {
	ID         GrantID
	UserID     UserID
	ClientID   ClientID
	SessionID  SessionID
	Generation int64 // the user's, when the grant was given
	CreatedAt  time.Time
	IdleAt     time.Time // it ends when it was not used by then
	ExpiresAt  time.Time // absolute
	RevokedAt  time.Time // zero: it lives
	Reason     string    // why it was revoked: "reuse", "logout", …
}
