// Package provider is the house as an authorization server (RFC 6749): what it says of itself,
// and the endpoints where applications get tokens, ask about them and end them.
//
// It owns the routes below /oauth and the metadata, with the bodies and errors that the RFCs
// demand. It does not know how a client proves itself, which is a scheme's, nor how tokens are
// made, which is package token's.
package provider

import (
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/throttle"
	"github.com/gatehouse-id/gatehouse/token"
)

// A Provider has the routes of the authorization server. All fields are required.
type Provider struct {
	Site         *web.Site
	Clients      *client.Store
	Tokens       *token.Store
	Limits       throttle.Limits
	Certificates bool // clients may prove themselves by certificates
}

// byClient are the schemes by which a client proves itself: a field and a certificate, which no
// other site can make a browser send. Secrets in bodies are not read: they stand in logs.
var byClient = []identity.SchemeID{identity.SchemeBasic, identity.SchemeMTLS}

// Routes returns every route of the authorization server.
func (p *Provider) Routes() []guard.Route { return append(p.discovery(), p.endpoints()...) }

func (p *Provider) endpoints() []guard.Route {
	return []guard.Route{
		{
			Pattern: "POST " + tokenPath, Handler: web.Handler(p.token),
			Rule: guard.Rule{Schemes: byClient, Limit: p.Limits.Rate(throttle.Tokens)},
		},
		// Who does not know what a token is good for must not learn it here: the endpoint would be
		// an oracle for whoever found one (BUG-19).
		{
			Pattern: "POST " + introspectPath, Handler: web.Handler(p.introspect),
			Rule: guard.Rule{Schemes: byClient, Scope: policy.Introspect},
		},
		{Pattern: "POST " + revokePath, Handler: web.Handler(p.revoke), Rule: guard.Rule{Schemes: byClient}},
	}
}

// form reads the parameters of a request: from the body only, each once; one without a value
// counts as none (RFC 6749 section 3.2). A client that names itself must be the one that proved
// itself (RFC 6749 section 2.3: one method in a request).
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, identity.ErrInvalid.With("query", "must be empty: what stands in a URL stands in logs")
	}
	if err := web.Form(w, r); err != nil {
		return nil, err
	}
	me := identity.FromContext(r.Context())
	if id := r.PostForm.Get("client_id"); id != "" && me != nil && id != string(me.ClientID) {
		return nil, identity.ErrInvalid.With("client_id", "is not the client that authenticated")
	}
	if r.PostForm.Has("client_secret") {
		return nil, identity.ErrInvalid.With("client_secret", "must stand in the Authorization field")
	}
	return r.PostForm, nil
}
