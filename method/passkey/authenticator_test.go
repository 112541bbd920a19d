package passkey_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// The flags of authenticator data (Web Authentication Level 3 section 6.1).
const (
	present  = 1 << 0
	verified = 1 << 2
	eligible = 1 << 3
	backedUp = 1 << 4
	attested = 1 << 6
)

// An authenticator is a security key made of software, with one passkey. Its browser is
// honest unless a test says otherwise.
type authenticator struct {
	testing.TB

	origin, rpID string
	flags        byte
	counter      uint32 // of the next answer; a step is taken unless it is 0
	aaguid       [16]byte
	silent       bool // it does not tell whose the passkey is
	bound        bool // its passkey cannot be found without the user's name

	id     []byte
	handle []byte
	key    *ecdsa.PrivateKey
}

func newAuthenticator(t testing.TB) *authenticator {
	t.Helper()
	a := &authenticator{TB: t, origin: "https://id.example.com", rpID: "id.example.com", flags: present | verified, counter: 1, id: make([]byte, 32)}
	_, _ = rand.Read(a.id)
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	return a
}

// options are the members of both kinds of options that an authenticator reads.
type options struct {
	Challenge string `json:"challenge"`
	RP        struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"rp"`
	RPID string `json:"rpId"`
	User struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"user"`
	Exclude      []descriptor `json:"excludeCredentials"`
	Allow        []descriptor `json:"allowCredentials"`
	Verification string       `json:"userVerification"`
	Attestation  string       `json:"attestation"`
	Selection    struct {
		ResidentKey  string `json:"residentKey"`
		Verification string `json:"userVerification"`
	} `json:"authenticatorSelection"`
	Params []struct {
		Algorithm int `json:"alg"`
	} `json:"pubKeyCredParams"`
}

type descriptor struct {
	ID         string   `json:"id"`
	Type       string   `json:"type"`
	Transports []string `json:"transports"`
}

func (a *authenticator) read(ceremony json.RawMessage) (o options) {
	a.Helper()
	if err := json.Unmarshal(ceremony, &o); err != nil {
		a.Fatalf("%s: %v", ceremony, err)
	}
	return o
}

// create answers navigator.credentials.create.
func (a *authenticator) create(ceremony json.RawMessage) json.RawMessage {
	a.Helper()
	o := a.read(ceremony)
	a.handle = unwrap(a, o.User.ID)
	point, err := a.key.PublicKey.Bytes()
	a.must(err)
	public := a.cbor(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: point[1:33], YCoord: point[33:],
	})
	data := a.data(attested)
	data = append(data, a.aaguid[:]...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), public...)
	return a.credential(map[string]any{
		"clientDataJSON":    wrap(a.client("webauthn.create", o.Challenge)),
		"attestationObject": wrap(a.cbor(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})),
		"transports":        []string{"internal", "hybrid", "carrier pigeon"},
	}, map[string]any{"credProps": map[string]any{"rk": !a.bound}})
}

// get answers navigator.credentials.get.
func (a *authenticator) get(ceremony json.RawMessage) json.RawMessage {
	a.Helper()
	data, client := a.data(0), a.client("webauthn.get", a.read(ceremony).Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	a.must(err)
	response := map[string]any{"clientDataJSON": wrap(client), "authenticatorData": wrap(data), "signature": wrap(signature)}
	if !a.silent {
		response["userHandle"] = wrap(a.handle)
	}
	return a.credential(response, map[string]any{"unsolicited": true})
}

// data is authenticator data up to the counter, which it moves on.
func (a *authenticator) data(more byte) []byte {
	hash := sha256.Sum256([]byte(a.rpID))
	data := binary.BigEndian.AppendUint32(append(hash[:], a.flags|more), a.counter)
	if a.counter > 0 {
		a.counter++
	}
	return data
}

func (a *authenticator) client(kind, challenge string) []byte {
	text, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	a.must(err)
	return text
}

func (a *authenticator) credential(response, extensions map[string]any) json.RawMessage {
	text, err := json.Marshal(map[string]any{
		"id": wrap(a.id), "rawId": wrap(a.id), "type": "public-key", "response": response,
		"authenticatorAttachment": "platform", "clientExtensionResults": extensions,
	})
	a.must(err)
	return text
}

func (a *authenticator) cbor(v any) []byte {
	b, err := webauthncbor.Marshal(v)
	a.must(err)
	return b
}

func (a *authenticator) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

func wrap(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unwrap(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
