package passkey

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A key is the private data of a passkey: what is called the credential record in Web
// Authentication Level 3 section 4.
type key struct {
	PublicKey    []byte   `json:"publicKey"` // a COSE key
	Counter      uint32   `json:"counter"`   // the highest that was seen
	Synced       bool     `json:"synced"`    // it may be on several devices (BE)
	BackedUp     bool     `json:"backedUp"`  // it is (BS)
	Discoverable bool     `json:"discoverable"`
	Verified     bool     `json:"verified"` // its authenticator has verified its user, once at least
	AAGUID       string   `json:"aaguid"`
	Transports   []string `json:"transports,omitempty"`
	Attestation  string   `json:"attestation"` // its type: "none" says that nobody vouches for AAGUID
	// Answered is the challenge that was answered last, by which the same answer is known when
	// it comes again: many such keys count nothing.
	Answered string `json:"answered,omitempty"`

	lookup string // from the credential
}

func readKey(c identity.Credential) (key, error) {
	k := key{lookup: c.Lookup}
	if err := json.Unmarshal(c.Data, &k); err != nil {
		return k, fmt.Errorf("passkey %s: %w", c.ID, err)
	}
	return k, nil
}

// lookup is how a credential ID is written, in the database as in JSON.
func lookup(rawID []byte) string { return base64.RawURLEncoding.EncodeToString(rawID) }

// keys returns the passkeys of a user.
func (m *Method) keys(ctx context.Context, user identity.UserID) ([]key, error) {
	list, err := m.flow.Accounts.Credentials(ctx, user, id)
	if err != nil {
		return nil, err
	}
	keys := make([]key, 0, len(list))
	for _, c := range list {
		k, err := readKey(c)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// descriptors name passkeys to a browser.
func descriptors(keys []key) ([]protocol.CredentialDescriptor, error) {
	list := make([]protocol.CredentialDescriptor, 0, len(keys))
	for _, k := range keys {
		rawID, err := base64.RawURLEncoding.DecodeString(k.lookup)
		if err != nil {
			return nil, err
		}
		d := protocol.CredentialDescriptor{Type: protocol.PublicKeyCredentialType, CredentialID: rawID}
		for _, t := range k.Transports {
			d.Transport = append(d.Transport, protocol.AuthenticatorTransport(t))
		}
		list = append(list, d)
	}
	return list, nil
}

// Describe implements authn.Describer.
func (m *Method) Describe(c identity.Credential) map[string]string {
	k, err := readKey(c)
	if err != nil {
		return nil
	}
	return map[string]string{
		"synced": strconv.FormatBool(k.Synced), "backedUp": strconv.FormatBool(k.BackedUp),
		"aaguid": k.AAGUID, "transports": strings.Join(k.Transports, " "),
	}
}

// written is an AAGUID as it is usually written.
func written(aaguid []byte) string {
	if len(aaguid) != 16 {
		return ""
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", aaguid[:4], aaguid[4:6], aaguid[6:8], aaguid[8:10], aaguid[10:])
}

// makes are the names of the authenticators that most people have. An AAGUID is only a claim
// where nobody vouches for it, so a name is a convenience and decides nothing.
var makes = map[string]string{
	"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
	"adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
	"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "Apple Passwords",
	"dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
	"08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
	"9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
	"6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
	"53414d53-554e-4700-0000-000000000000": "Samsung Pass",
	"bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
	"d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
	"531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
	"0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "Keeper",
	"b84e4048-15dc-4dd0-8640-f4f60813c8af": "NordPass",
	"50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
	"fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
	"2fc0579f-8113-47ea-b116-bb5a8db9202a": "YubiKey 5",
	"cb69481e-8ff7-4039-93ec-0a2729a154a8": "YubiKey 5",
	"ee882879-721c-4913-9775-3dfcce97072a": "YubiKey 5",
}

// make names an authenticator.
func (k key) make() string { return cmp.Or(makes[k.AAGUID], "Passkey") }
