package passkey

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

// most is how many passkeys a user can have: more than anybody has devices, and few enough
// for every list of them.
const most = 20

var (
	errTooMany = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "You have 20 passkeys, and more there cannot be. Remove one first."}
	errKnown   = &identity.Error{Kind: identity.Conflict, Code: "CONFLICT", Message: "This passkey is set up already."}
)

// attestation is what authenticators are asked to tell of their make: nothing, as browsers
// warn people of it, unless it decides.
func (m *Method) attestation() protocol.ConveyancePreference {
	if len(m.AAGUIDs) > 0 {
		return protocol.PreferDirectAttestation
	}
	return protocol.PreferNoAttestation
}

// algorithms are those of the keys that are taken: EdDSA, ES256 and RS256.
func algorithms() []protocol.CredentialParameter {
	return webauthn.CredentialParametersRecommendedL3()
}

func newChallenge(o *protocol.PublicKeyCredentialCreationOptions) error {
	o.Challenge = secret.Bytes(secret.Size)
	return nil
}

// BeginEnroll implements authn.Enroller.
func (m *Method) BeginEnroll(ctx context.Context, e *authn.Enrollment, _ authn.Input) (authn.Prompt, error) {
	if m.broken != nil {
		return authn.Prompt{}, m.broken
	}
	keys, err := m.room(ctx, e.User.ID)
	if err != nil {
		return authn.Prompt{}, err
	}
	theirs, err := descriptors(keys)
	if err != nil {
		return authn.Prompt{}, err
	}
	options, session, err := m.party.BeginRegistration(owner{User: e.User}, newChallenge, webauthn.WithCredentialParameters(algorithms()),
		webauthn.WithExclusions(theirs), webauthn.WithExtensions(webauthn.WithExtensionCredProps()))
	if err != nil {
		return authn.Prompt{}, err
	}
	if e.Data, err = json.Marshal(asked{session.Challenge}); err != nil {
		return authn.Prompt{}, err
	}
	ceremony, err := json.Marshal(options.Response)
	return authn.Prompt{Ceremony: ceremony}, err
}

// room returns the passkeys of a user who may have one more.
func (m *Method) room(ctx context.Context, user identity.UserID) ([]key, error) {
	keys, err := m.keys(ctx, user)
	if err == nil && len(keys) >= most {
		err = errTooMany
	}
	return keys, err
}

// FinishEnroll implements authn.Enroller.
func (m *Method) FinishEnroll(ctx context.Context, e *authn.Enrollment, in authn.Input) (authn.Enrolled, error) {
	if m.broken != nil {
		return authn.Enrolled{}, m.broken
	}
	if len(in.Credential) == 0 {
		return authn.Enrolled{}, identity.ErrInvalid.With("credential", "is missing")
	}
	label, err := account.DisplayName(in.Label)
	if err != nil {
		return authn.Enrolled{}, identity.ErrInvalid.With("label", "has more than 100 characters")
	}
	made, discoverable, err := m.made(e, in.Credential)
	if err != nil {
		return authn.Enrolled{}, err
	}
	if err := m.admit(ctx, e.User.ID, made); err != nil {
		return authn.Enrolled{}, err
	}
	k := newKey(made, discoverable)
	data, err := json.Marshal(k)
	if err != nil {
		return authn.Enrolled{}, err
	}
	if label == "" {
		label = k.make()
	}
	return authn.Enrolled{
		Credentials: []identity.Credential{{Lookup: lookup(made.ID), Data: data, Label: label}},
		Proof:       m.proof(made.Flags.ProtocolValue()),
	}, nil
}

// made verifies the answer of an authenticator that made a passkey (Web Authentication Level
// 3 section 7.1), and whether it can be found without the user's name: most browsers say so.
func (m *Method) made(e *authn.Enrollment, credential []byte) (made *webauthn.Credential, discoverable bool, err error) {
	challenge, err := pending(e.Data)
	if err != nil {
		return nil, false, err
	}
	if challenge == "" {
		return nil, false, identity.ErrRejected.Because(errNotAsked)
	}
	answer, err := protocol.ParseCredentialCreationResponseBytes(credential)
	if err != nil {
		return nil, false, identity.ErrRejected.Because(err)
	}
	session := webauthn.SessionData{
		Challenge: challenge, RelyingPartyID: m.RPID, UserID: []byte(e.User.ID),
		UserVerification: protocol.VerificationPreferred, CredParams: algorithms(),
	}
	if made, err = m.party.CreateCredential(owner{User: e.User}, session, answer); err != nil {
		return nil, false, identity.ErrRejected.Because(err)
	}
	rk := made.Extensions.RK
	return made, rk == nil || *rk, nil
}

// admit refuses what is right but may not be kept.
func (m *Method) admit(ctx context.Context, user identity.UserID, made *webauthn.Credential) error {
	if !m.allowed(made) {
		return identity.ErrInvalid.With("credential", "is of an authenticator that is not allowed here")
	}
	// The Flow lets one enrollment at a time through to its end, so this count holds.
	if _, err := m.room(ctx, user); err != nil {
		return err
	}
	_, err := m.flow.Accounts.Found(ctx, id, lookup(made.ID))
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = errKnown
	}
	return err
}

// allowed reports whether an authenticator is of an allowed make. It must have signed with a
// key that its maker gave it: without, an AAGUID is whatever a program writes there.
func (m *Method) allowed(made *webauthn.Credential) bool {
	if len(m.AAGUIDs) == 0 {
		return true
	}
	vouched := made.AttestationType != string(metadata.None) && made.AttestationType != string(metadata.BasicSurrogate)
	aaguid := written(made.Authenticator.AAGUID)
	return vouched && slices.ContainsFunc(m.AAGUIDs, func(a string) bool { return strings.EqualFold(a, aaguid) })
}

// transports are the ways to an authenticator that there are.
var transports = []protocol.AuthenticatorTransport{
	protocol.USB, protocol.NFC, protocol.BLE, protocol.SmartCard, protocol.Hybrid, protocol.Internal,
}

func newKey(made *webauthn.Credential, discoverable bool) key {
	k := key{
		PublicKey: made.PublicKey, Counter: made.Authenticator.SignCount, Discoverable: discoverable, Verified: made.Flags.UserVerified,
		Synced: made.Flags.BackupEligible, BackedUp: made.Flags.BackupState,
		AAGUID: written(made.Authenticator.AAGUID), Attestation: made.AttestationType,
	}
	for _, t := range made.Transport {
		if slices.Contains(transports, t) { // the client says what it likes
			k.Transports = append(k.Transports, string(t))
		}
	}
	return k
}
