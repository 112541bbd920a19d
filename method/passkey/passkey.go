// Package passkey signs people in by passkeys and security keys (W3C Web Authentication
// Level 3).
//
// It proves possession of a private key and, where the authenticator verified its user,
// inherence. Its threats are phishing, which RP ID and origin stop: they come from the
// configuration, never from a request; replay, which the challenge stops: the Flow spends the
// sign-in that holds it, and the credential remembers what it answered last; and enumeration:
// whoever has proved nothing yet is asked for any passkey, whatever address they typed.
package passkey

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A Method registers and checks passkeys. Settle fills in what is empty, so the zero Method is
// that of the house's own host, for every authenticator.
type Method struct {
	// RPID is the domain that passkeys are bound to; "" means the host of the public URL. No IP
	// address is one. Passkeys are lost when it changes.
	RPID string
	// Origins are those of the pages that may ask for passkeys; nil means that of the public URL.
	Origins []string
	// RelatedOrigins are further ones, of other domains, that browsers accept because WellKnown
	// names them.
	RelatedOrigins []string
	// Name is what authenticators show; "" means the product.
	Name string
	// AAGUIDs are the makes of authenticators that may be registered; empty means all.
	AAGUIDs []string

	flow   *authn.Flow
	party  *webauthn.WebAuthn
	broken error // why there is no party
}

var (
	_ authn.First     = (*Method)(nil)
	_ authn.Second    = (*Method)(nil)
	_ authn.Enroller  = (*Method)(nil)
	_ authn.Stateless = (*Method)(nil)
	_ authn.Resident  = (*Method)(nil)
	_ authn.Describer = (*Method)(nil)
)

// id names the method.
const id identity.MethodID = "passkey"

// ID implements authn.Method.
func (m *Method) ID() identity.MethodID { return id }

// Stateless implements authn.Stateless: every look at the sign-in page begins a sign-in.
func (m *Method) Stateless() {}

// Serves reports whether browsers bind passkeys to a host. They do not to an IP address, nor
// to a name without a dot but localhost.
func Serves(host string) bool { return protocol.ValidateRPID(host) == nil }

// Settle implements authn.Resident. A configuration that no browser would take is told by
// every step of the method.
func (m *Method) Settle(f *authn.Flow) {
	m.flow = f
	house, err := url.Parse(f.Link("/"))
	if err != nil {
		m.broken = err
		return
	}
	m.RPID = cmp.Or(m.RPID, house.Hostname())
	if len(m.Origins) == 0 {
		m.Origins = []string{house.Scheme + "://" + house.Host}
	}
	m.Name = cmp.Or(m.Name, f.Product, m.RPID)
	m.party, m.broken = webauthn.New(&webauthn.Config{
		RPID: m.RPID, RPDisplayName: m.Name, RPOrigins: slices.Concat(m.Origins, m.RelatedOrigins),
		AttestationPreference: m.attestation(),
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, RequireResidentKey: protocol.ResidentKeyNotRequired(),
			UserVerification: protocol.VerificationPreferred,
		},
		// Some password managers answer extensions that nobody asked for. We read none but
		// credProps.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if m.broken != nil {
		m.broken = fmt.Errorf("passkeys for %q: %w", m.RPID, m.broken)
	}
}

// Opens implements authn.First. A key that cannot be found without the user's name, or that
// never verified its user, begins no sign-in: it must not pass for the last way in.
func (m *Method) Opens(ctx context.Context, user *identity.User) (bool, error) {
	keys, err := m.keys(ctx, user.ID)
	return slices.ContainsFunc(keys, func(k key) bool { return k.Discoverable && k.Verified }), err
}

// Enrolled implements authn.Second.
func (m *Method) Enrolled(ctx context.Context, user *identity.User) (bool, error) {
	keys, err := m.keys(ctx, user.ID)
	return len(keys) > 0, err
}

// WellKnown is the body of /.well-known/webauthn on the host of the RP ID, by which browsers
// let the related origins use its passkeys (Web Authentication Level 3 section 5.11); nil:
// there are none.
func (m *Method) WellKnown() json.RawMessage {
	if len(m.RelatedOrigins) == 0 {
		return nil
	}
	body, _ := json.Marshal(map[string][]string{"origins": m.RelatedOrigins}) // strings always marshal
	return body
}

// Accepted is what a page hands to PublicKeyCredential.signalAllAcceptedCredentials, so that
// password managers forget what was removed here. It names the user's credentials, so only
// they may see it. For one that nobody knows, signalUnknownCredential takes RPID.
func (m *Method) Accepted(ctx context.Context, user identity.UserID) (json.RawMessage, error) {
	keys, err := m.keys(ctx, user)
	if err != nil {
		return nil, err
	}
	ids := make([]string, 0, len(keys))
	for _, k := range keys {
		ids = append(ids, k.lookup)
	}
	return json.Marshal(struct {
		RPID string   `json:"rpId"`
		User string   `json:"userId"`
		IDs  []string `json:"allAcceptedCredentialIds"`
	}{m.RPID, base64.RawURLEncoding.EncodeToString([]byte(user)), ids})
}

// An owner is a user as the library asks for them. Their handle is their ID, which says
// nothing about them (Web Authentication Level 3 section 14.6.1).
type owner struct {
	*identity.User
	keys []webauthn.Credential
}

// WebAuthnID implements webauthn.User.
func (o owner) WebAuthnID() []byte { return []byte(o.ID) }

// WebAuthnName implements webauthn.User.
func (o owner) WebAuthnName() string { return cmp.Or(o.Email, o.Name, string(o.ID)) }

// WebAuthnDisplayName implements webauthn.User.
func (o owner) WebAuthnDisplayName() string { return cmp.Or(o.Name, o.WebAuthnName()) }

// WebAuthnCredentials implements webauthn.User.
func (o owner) WebAuthnCredentials() []webauthn.Credential { return o.keys }

// An asked is what both ceremonies keep between their steps.
type asked struct {
	Challenge string `json:"challenge"`
}

// pending reads the challenge that the first step kept, "" if there was none.
func pending(data json.RawMessage) (string, error) {
	if len(data) == 0 {
		return "", nil
	}
	var a asked
	err := json.Unmarshal(data, &a)
	return a.Challenge, err
}
