package identity

import (
	"maps"
	"slices"
	"time"
)

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

// Told returns e as it may be shown to whoever is no operator: to the person it happened to, to an
// organization. Threat: of a request that was denied it says why, and so whether there is what the
// answer, a 404, says there is not; anybody could ask and then read the answer here. Of a sign-in
// that was odd it says how odd, by which a thief would learn what passes.
func (e Event) Told() Event {
	if named, ok := told[e.Type]; ok {
		e.Data = maps.Clone(e.Data)
		maps.DeleteFunc(e.Data, func(name, _ string) bool { return !slices.Contains(named, name) })
	}
	return e
}

// told is what events say that say not all: of a denial what the caller knew before.
var told = map[string][]string{
	EventAccessDenied: {"route", "code", "caller", "scheme", "key"},
	EventRiskAssessed: {"method", "signals", "shadow"},
}

// The types of events; docs/reference/events.md explains each.
const (
	EventUserRegistered   = "user.registered"
	EventUserVerified     = "user.verified"
	EventUserCreated      = "user.created"
	EventUserRenamed      = "user.renamed"
	EventUserDisabled     = "user.disabled"
	EventUserEnabled      = "user.enabled"
	EventUserDeleted      = "user.deleted"
	EventLoginSucceeded   = "login.succeeded"
	EventLoginFailed      = "login.failed"
	EventSessionCreated   = "session.created"
	EventSessionRevoked   = "session.revoked"
	EventRefreshReplayed  = "token.refresh_replayed"
	EventReuseDetected    = "token.reuse_detected"
	EventTokenRevoked     = "token.revoked"
	EventLoginLocked      = "login.locked"
	EventLoginUnlocked    = "login.unlocked"
	EventSteppedUp        = "login.stepped_up"
	EventPasswordChanged  = "password.changed"
	EventPasswordReset    = "password.reset"
	EventPasswordBreached = "password.breached"
	EventResetForced      = "password.reset_forced"
	EventEmailChanged     = "email.changed"
	EventCredentialAdded  = "credential.added"
	EventCredentialTaken  = "credential.removed"
	EventCredentialUsed   = "credential.used" // one that is good once
	EventCloneSuspected   = "credential.clone_suspected"
	EventMFAEnrolled      = "mfa.enrolled"
	EventMFARemoved       = "mfa.removed"
	EventDeviceTrusted    = "device.remembered"
	EventRecoveryBegun    = "recovery.started"
	EventRecoveryStopped  = "recovery.cancelled"
	EventRecovered        = "recovery.completed"
	EventRoleGranted      = "role.granted"
	EventRoleRevoked      = "role.revoked"
	EventClientCreated    = "client.created"
	EventClientChanged    = "client.changed"
	EventClientRotated    = "client.rotated"
	EventClientDisabled   = "client.disabled"
	EventClientEnabled    = "client.enabled"
	EventClientDeleted    = "client.deleted"
	EventClientRejected   = "client.rejected"
	EventOrgCreated       = "organization.created"
	EventOrgRenamed       = "organization.renamed"
	EventOrgDeleted       = "organization.deleted"
	EventPolicyChanged    = "policy.changed"
	EventPolicyShadowed   = "policy.shadowed" // one stands in shadow, or none any more
	EventKeyRotated       = "key.rotated"
	EventAPIKeyCreated    = "apikey.created"
	EventAPIKeyChanged    = "apikey.changed"
	EventAPIKeyRotated    = "apikey.rotated"
	EventAPIKeyRevoked    = "apikey.revoked"
	EventAccessDenied     = "access.denied"
	EventWebhookCreated   = "webhook.created"
	EventWebhookChanged   = "webhook.changed"
	EventWebhookRotated   = "webhook.rotated"
	EventWebhookDeleted   = "webhook.deleted"
	EventWebhookDisabled  = "webhook.disabled"
	EventRiskAssessed     = "risk.assessed" // a sign-in that was odd
	EventSessionMoved     = "session.moved" // to another browser
)
