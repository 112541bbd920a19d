package identity

import "time"

// A User is a person.
type User struct {
	ID            UserID
	Email         string // the primary address, normalised by account; "" if there is none
	EmailVerified bool
	Name          string
	State         State
	Roles         []string // deployment-wide, sorted
	// Version counts changes of what a token claims about the user (claim "ver"). A token
	// of an older version is TOKEN_OUTDATED, and a silent refresh mends it.
	Version int64
	// Generation is stored by every session and grant at its start. Raising it ends all
	// that were begun before: TOKEN_REVOKED.
	Generation int64
	// MustReset refuses sign-in and refresh until the password has been reset (BRE-05).
	MustReset bool
	CreatedAt time.Time
}

// A State says whether a user may sign in. The zero State may not.
type State string

// The states of a user.
const (
	Active   State = "active"
	Disabled State = "disabled" // by an administrator
)

// A Credential is something that a user can prove possession or knowledge of.
// Data belongs to the method: no other package looks inside.
type Credential struct {
	ID        CredentialID
	UserID    UserID
	Method    MethodID
	Lookup    string // how the method finds it again without the user; unique per method
	Data      []byte
	Label     string // the user's own name for it, "blue key"
	CreatedAt time.Time
	UsedAt    time.Time // zero: never
}

// A Challenge is handed out once and must come back once: a registration, a mailed
// link, a code, a sign-in under way, the first administrator's invitation.
type Challenge struct {
	ID        ChallengeID
	Purpose   string // "registration", "login", "setup", or a method's ID
	Subject   string // what it is about, so that a newer one can end it: an address, a user
	UserID    UserID // empty while the user is unknown
	Visit     []byte // hash of the browser's visit cookie; nil binds it to no browser
	Data      []byte // private to whoever made it
	Attempts  int    // how often it was answered wrongly
	CreatedAt time.Time
	ExpiresAt time.Time
}
