package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// The names by which clients know the most usual methods; each is the general form of
// credentials.go.
const (
	totp    identity.MethodID = "totp"
	passkey identity.MethodID = "passkey"
	sms     identity.MethodID = "sms"
)

func (a *API) factors() []guard.Route {
	return []guard.Route{
		op("POST /auth/2fa/setup", "Begin setting up an authenticator application", fresh, http.StatusOK, a.setupTOTP),
		op("POST /auth/2fa/verify-setup", "Confirm it by its first code", guard.Rule{}, http.StatusOK, a.verifyTOTP),
		op("DELETE /auth/2fa", "Remove the authenticator application", fresh, http.StatusNoContent, a.removeAll(totp)),
		op("POST /auth/2fa/backup-codes", "Make new backup codes; the old ones are dead", fresh, http.StatusOK, a.newCodes),
		op("POST /auth/passkeys/register", "Begin registering a passkey or a security key", fresh, http.StatusOK, a.registerPasskey),
		op("POST /auth/passkeys/register/finish", "Finish registering it", guard.Rule{}, http.StatusOK, a.passkeyRegistered),
		op("GET /auth/passkeys", "My passkeys and security keys", guard.Rule{}, http.StatusOK, a.passkeys),
		op("PATCH /auth/passkeys/{id}", "Name a passkey", guard.Rule{}, http.StatusNoContent, ofPasskeys(a, a.renameCredential)),
		op("DELETE /auth/passkeys/{id}", "Remove a passkey", fresh, http.StatusNoContent, ofPasskeys(a, a.removeCredential)),
		op("POST /auth/phone", "Begin setting up codes by text message", fresh, http.StatusOK, a.setupPhone),
		op("POST /auth/phone/verify", "Confirm the number by its first code", guard.Rule{}, http.StatusOK, a.verifyPhone),
		op("DELETE /auth/phone", "Remove the number", fresh, http.StatusNoContent, a.removeAll(sms)),
	}
}

type totpBody struct {
	Secret     string `json:"secret"`
	OTPAuthURL string `json:"otpauthUrl"`
	QRDataURL  string `json:"qrDataUrl"`
}

func (a *API) setupTOTP(c call, _ none) (totpBody, error) {
	prompt, err := a.Flow.BeginEnroll(c.r.Context(), a.setup(c, totp, enrollBody{}))
	if err != nil || prompt.Secret == nil {
		return totpBody{}, err
	}
	s := prompt.Secret
	return totpBody{s.Key, s.URL, "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte(s.SVG))}, nil
}

type codeBody struct {
	Code string `json:"code"`
}

type codesBody struct {
	BackupCodes []string `json:"backupCodes"`
}

// verifyTOTP always answers with codes: whoever had some gets new ones, and sees them.
func (a *API) verifyTOTP(c call, in codeBody) (codesBody, error) {
	added, err := a.Flow.FinishEnroll(c.r.Context(), a.setup(c, totp, enrollBody{Code: in.Code}))
	if err != nil || len(added.Codes) > 0 {
		return codesBody{added.Codes}, err
	}
	return a.newCodes(c, none{})
}

func (a *API) newCodes(c call, _ none) (codesBody, error) {
	codes, err := a.Flow.SpareCodes(c.r.Context(), c.me())
	return codesBody{codes}, err
}

// removeAll removes the caller's credentials of a method.
func (a *API) removeAll(m identity.MethodID) func(call, none) (none, error) {
	return func(c call, _ none) (none, error) {
		return none{}, a.Flow.RemoveMethod(c.r.Context(), c.me().UserID, m)
	}
}

// registerPasskey answers with PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3
// section 5.1.9) as it is.
func (a *API) registerPasskey(c call, in labelBody) (json.RawMessage, error) {
	prompt, err := a.Flow.BeginEnroll(c.r.Context(), a.setup(c, passkey, enrollBody{Label: cmp.Or(in.Label, in.Name)}))
	return prompt.Ceremony, err
}

// registrationBody is a RegistrationResponseJSON (WebAuthn Level 3 section 5.1.8), as it is or
// as the member credential beside a name.
type registrationBody struct {
	Label      string          `json:"label,omitempty"`
	Name       string          `json:"name,omitempty"`
	Credential json.RawMessage `json:"credential,omitempty"`

	ID                      string          `json:"id,omitempty"`
	RawID                   string          `json:"rawId,omitempty"`
	Type                    string          `json:"type,omitempty"`
	Response                json.RawMessage `json:"response,omitempty"`
	AuthenticatorAttachment string          `json:"authenticatorAttachment,omitempty"`
	ClientExtensionResults  json.RawMessage `json:"clientExtensionResults,omitempty"`
}

func (in registrationBody) credential() (json.RawMessage, error) {
	if len(in.Credential) > 0 || len(in.Response) == 0 {
		return in.Credential, nil
	}
	in.Label, in.Name = "", ""
	return json.Marshal(in)
}

func (a *API) passkeyRegistered(c call, in registrationBody) (enrolledBody, error) {
	credential, err := in.credential()
	if err != nil {
		return enrolledBody{}, err
	}
	added, err := a.Flow.FinishEnroll(c.r.Context(), a.setup(c, passkey, enrollBody{Label: cmp.Or(in.Label, in.Name), Credential: credential}))
	return a.showAdded(added), err
}

// ofPasskeys keeps what is done to a credential to passkeys; another one is not found here.
func ofPasskeys[In any](a *API, do func(call, In) (none, error)) func(call, In) (none, error) {
	return func(c call, in In) (none, error) {
		list, err := a.Accounts.Credentials(c.r.Context(), c.me().UserID, passkey)
		if err != nil {
			return none{}, err
		}
		if !slices.ContainsFunc(list, func(v identity.Credential) bool { return string(v.ID) == c.id() }) {
			return none{}, identity.ErrNotFound
		}
		return do(c, in)
	}
}

func (a *API) passkeys(c call, _ none) (page[credentialBody], error) {
	return a.credentialsOf(c, passkey)
}

// nobodys says of a passkey that was refused as the first proof whether it is nobody's, so that its
// provider may be told to forget it (Web Authentication Level 3, signalUnknownCredential). Of one that
// was refused for another reason nothing is said: its owner would lose it. IDs are random, so none is
// found by asking.
func (a *API) nobodys(c call, in stepBody, err error) error {
	var refused *identity.Error
	if c.method() != passkey || !errors.Is(err, identity.ErrRejected) || !errors.As(err, &refused) {
		return err
	}
	var sent struct{ ID string }
	if json.Unmarshal(in.Credential, &sent) != nil || sent.ID == "" {
		return err
	}
	if _, none := a.Accounts.Found(c.r.Context(), passkey, sent.ID); !errors.Is(none, identity.ErrNotFound) {
		return err // somebody's; or it cannot be looked up, and then it is kept
	}
	return refused.With("credential", "is not known")
}

type phoneBody struct {
	Phone string `json:"phone"`
}

type sentBody struct {
	Status string `json:"status"`
	To     string `json:"to"`
	Resend int    `json:"resendAfter"` // seconds
}

func (a *API) setupPhone(c call, in phoneBody) (sentBody, error) {
	if in.Phone == "" {
		return sentBody{}, identity.ErrInvalid.With("phone", "is missing")
	}
	prompt, err := a.Flow.BeginEnroll(c.r.Context(), a.setup(c, sms, enrollBody{Phone: in.Phone}))
	return sentBody{"code_sent", prompt.To, prompt.Resend}, err
}

func (a *API) verifyPhone(c call, in codeBody) (enrolledBody, error) {
	added, err := a.Flow.FinishEnroll(c.r.Context(), a.setup(c, sms, enrollBody{Code: in.Code}))
	return a.showAdded(added), err
}
