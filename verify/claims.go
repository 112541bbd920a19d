package verify

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/gatehouse-id/gatehouse/identity"
)

// claims are what we read of an access token (RFC 9068 section 2.2), with the caller that they
// make.
type claims struct {
	Issuer    string             `json:"iss"`
	Audience  audience           `json:"aud"`
	Expires   int64              `json:"exp"` // seconds, as are all its times
	IssuedAt  int64              `json:"iat"`
	NotBefore int64              `json:"nbf"`
	ID        string             `json:"jti"`
	Subject   identity.UserID    `json:"sub"`
	ClientID  identity.ClientID  `json:"client_id"`
	SessionID identity.SessionID `json:"sid"`
	GrantID   identity.GrantID   `json:"gid"`
	Scope     string             `json:"scope"`
	AuthTime  int64              `json:"auth_time"`
	AMR       []string           `json:"amr"`
	ACR       string             `json:"acr"`
	Roles     []string           `json:"roles"`
	Perms     []string           `json:"perms"` // nil: the house does not tell
	Org       identity.TenantID  `json:"org"`
	OrgRoles  []string           `json:"org_roles"`

	principal identity.Principal
}

// parseClaims reads the claims of a token whose signature is good. Names are compared with case:
// "Roles" is not "roles".
func parseClaims(text []byte) (*claims, error) {
	c := &claims{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, err
	}
	c.principal = identity.Principal{
		Scheme: identity.SchemeBearer, UserID: c.Subject, ClientID: c.ClientID, SessionID: c.SessionID, GrantID: c.GrantID,
		TenantID: c.Org, TenantRoles: slices.Clip(c.OrgRoles), Roles: slices.Clip(c.Roles), AMR: slices.Clip(c.AMR), ACR: c.ACR,
	}
	if c.own() {
		c.principal.UserID = ""
	} else if c.AuthTime > 0 {
		c.principal.AuthTime = time.Unix(c.AuthTime, 0)
	}
	if c.Scope != "" || c.own() { // a client's own token may do what it names, and nothing where it names nothing
		c.principal.Scopes = slices.Clip(strings.Fields(c.Scope))
	}
	return c, nil
}

// own reports whether the token is a client's own: nobody's session is behind it.
func (c *claims) own() bool { return c.SessionID == "" && c.Subject == identity.UserID(c.ClientID) }

// caller returns the principal for one request. Its lists are shared and end where they are
// full, so that who appends to one gets a list of their own.
func (c *claims) caller() *identity.Principal {
	p := c.principal
	return &p
}

// An audience is one name or a list of them (RFC 7519 section 4.1.3).
type audience []string

// UnmarshalJSON implements json.Unmarshaler.
func (a *audience) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*a = make(audience, 1)
		return json.Unmarshal(text, &(*a)[0])
	}
	return json.Unmarshal(text, (*[]string)(a))
}

func (a audience) has(name string) bool { return slices.Contains(a, name) }
