package provider

import (
	"net/http"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// The paths of the authorization server.
const (
	tokenPath      = "/oauth/token"
	introspectPath = "/oauth/introspect"
	revokePath     = "/oauth/revoke"
	keysPath       = "/.well-known/jwks.json"
	metadataPath   = "/.well-known/oauth-authorization-server"
)

// Metadata is what the authorization server says of itself (RFC 8414 section 2). It names no
// scopes: which there are is an inventory of what the house guards.
type Metadata struct {
	Issuer        string   `json:"issuer"`
	JWKS          string   `json:"jwks_uri"`
	Token         string   `json:"token_endpoint"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	ResponseTypes []string `json:"response_types_supported"` // required, and there is no authorization endpoint: empty

	Introspection     string   `json:"introspection_endpoint"`
	IntrospectionAuth []string `json:"introspection_endpoint_auth_methods_supported"`
	Revocation        string   `json:"revocation_endpoint"`
	RevocationAuth    []string `json:"revocation_endpoint_auth_methods_supported"`
}

func (p *Provider) discovery() []guard.Route {
	return []guard.Route{{
		Pattern: "GET " + metadataPath, Rule: guard.Rule{Public: true, Anonymous: true}, Handler: web.Handler(p.metadata),
		About: guard.Operation{Summary: "What the authorization server can do, and where (RFC 8414)", Out: Metadata{}},
	}}
}

// metadata may be kept for an hour: of all that it says nothing changes while a house runs.
func (p *Provider) metadata(w http.ResponseWriter, _ *http.Request) error {
	auth := []string{"client_secret_basic"}
	if p.Certificates {
		auth = append(auth, "tls_client_auth") // RFC 8705 section 2.1
	}
	web.Published(w.Header())
	w.Header().Set("Cache-Control", "public, max-age=3600")
	return web.JSON(w, http.StatusOK, Metadata{
		Issuer: p.Site.URL(""), JWKS: p.Site.URL(keysPath),
		Token: p.Site.URL(tokenPath), TokenAuth: auth, GrantTypes: []string{"client_credentials"}, ResponseTypes: []string{},
		Introspection: p.Site.URL(introspectPath), IntrospectionAuth: auth,
		Revocation: p.Site.URL(revokePath), RevocationAuth: auth,
	})
}
