package identity

import "time"

// An Event is one line of the audit log. It never holds a secret.
type Event struct {
	ID        EventID
	Seq       int64 // its place in the sealed chain; 0: not yet sealed
	Type      string
	At        time.Time
	Actor     string // the user, client or command that caused it
	Subject   UserID // whom it happened to
	Org       TenantID
	IP        string
	UserAgent string
	RequestID RequestID
	Data      map[string]string // details of the type, never a secret
}

// The types of events; docs/reference/events.md explains each.
const (
	EventUserRegistered  = "user.registered"
	EventUserVerified    = "user.verified"
	EventUserCreated     = "user.created"
	EventUserRenamed     = "user.renamed"
	EventUserDisabled    = "user.disabled"
	EventUserEnabled     = "user.enabled"
	EventUserDeleted     = "user.deleted"
	EventLoginSucceeded  = "login.succeeded"
	EventLoginFailed     = "login.failed"
	EventSessionCreated  = "session.created"
	EventSessionRevoked  = "session.revoked"
	EventRefreshReplayed = "token.refresh_replayed"
	EventReuseDetected   = "token.reuse_detected"
	EventTokenRevoked    = "token.revoked"
	EventPasswordChanged = "password.changed"
	EventRoleGranted     = "role.granted"
	EventRoleRevoked     = "role.revoked"
	EventKeyRotated      = "key.rotated"
	EventAccessDenied    = "access.denied"
)
