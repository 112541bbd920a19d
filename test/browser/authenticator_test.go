package browser_test

import (
	"encoding/json"
	"slices"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// An authenticator is one made of software, in a tab. The browser speaks to it as to any.
type authenticator struct {
	*tab
	id webauthn.AuthenticatorID
}

// The kinds of authenticators that people have.
var (
	smartphone = webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}
	securityKey = webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportUsb,
		AutomaticPresenceSimulation: true,
	}
)

func result[P, R any](p *tab, c cdp.Command[P, R], params P) R {
	p.Helper()
	r, err := chromedp.Call(p.ctx, c, params)
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// plug gives a tab an authenticator.
func (p *tab) plug(kind webauthn.VirtualAuthenticatorOptions) *authenticator {
	p.Helper()
	result(p, webauthn.Enable, webauthn.EnableParams{})
	return &authenticator{p, result(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &kind}).AuthenticatorID}
}

// touched says whether its owner touches it when it asks for that.
func (a *authenticator) touched(yes bool) {
	a.Helper()
	result(a.tab, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: a.id, Enabled: yes})
}

// passkeys returns what it holds.
func (a *authenticator) passkeys() []*webauthn.Credential {
	a.Helper()
	return result(a.tab, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id}).Credentials
}

// only returns the one passkey that it holds.
func (a *authenticator) only() *webauthn.Credential {
	a.Helper()
	list := a.passkeys()
	if len(list) != 1 {
		a.Fatalf("there are %d passkeys", len(list))
	}
	return list[0]
}

// holds puts a passkey in, in place of whatever it holds of the same name.
func (a *authenticator) holds(c *webauthn.Credential) {
	a.Helper()
	if slices.ContainsFunc(a.passkeys(), func(o *webauthn.Credential) bool { return string(o.CredentialID) == string(c.CredentialID) }) {
		result(a.tab, webauthn.RemoveCredential, webauthn.RemoveCredentialParams{AuthenticatorID: a.id, CredentialID: c.CredentialID})
	}
	text, err := json.Marshal(c)
	if err != nil {
		a.Fatal(err)
	}
	var bare map[string]any
	if err := json.Unmarshal(text, &bare); err != nil {
		a.Fatal(err)
	}
	delete(bare, "generateCmtgKeyOnNextOperation") // this one does not want to hear of it
	add := cdp.Command[map[string]any, cdp.Empty]{Method: webauthn.CommandAddCredential}
	result(a.tab, add, map[string]any{"authenticatorId": a.id, "credential": bare})
}
