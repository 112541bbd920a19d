package provider

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/token"
)

// clientCredentials is the grant of a client that acts for itself (RFC 6749 section 4.4).
const clientCredentials = "client_credentials"

// issued is the answer of the token endpoint (RFC 6749 section 5.1). It tells the scope always,
// also where the client named none.
type issued struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// token answers POST /oauth/token.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) error {
	in, err := form(w, r)
	if err != nil {
		return err
	}
	switch in.Get("grant_type") {
	case clientCredentials:
		return p.forItself(w, r, in.Get("scope"))
	case "":
		return identity.ErrInvalid.With("grant_type", "is missing")
	default:
		return errGrant
	}
}

// forItself gives a client a token of its own, and no refresh token: it has its secret (RFC 6749
// section 4.4.3). The token names what it is for and lives five minutes (ZTR-02, ZTR-03).
func (p *Provider) forItself(w http.ResponseWriter, r *http.Request, wanted string) error {
	me := identity.FromContext(r.Context())
	scope, err := narrowed(wanted, me.Scopes)
	if err != nil {
		return err
	}
	c, err := p.active(r.Context(), me.ClientID)
	if err != nil {
		return err
	}
	to := token.Purpose{Scope: scope}
	text, err := p.Tokens.IssueClient(c, to)
	if err != nil {
		return err
	}
	return web.JSON(w, http.StatusOK, issued{text, "Bearer", int(p.Tokens.LifeOf(to) / time.Second), scope})
}

// active returns the client that calls, whom somebody may have disabled a moment ago.
func (p *Provider) active(ctx context.Context, id identity.ClientID) (*identity.Client, error) {
	c, err := p.Clients.ByID(ctx, id)
	if identity.KindOf(err) == identity.NotFound || err == nil && c.State != identity.Active {
		return nil, identity.ErrRejected.Because(err)
	}
	return c, err
}

// narrowed returns the scopes that a token is to name: those wanted, each of which the client must
// have, compared whole (BUG-10), or else all that it has. A token that names none would open
// nothing, so there is none.
func narrowed(wanted string, has []string) (string, error) {
	if wanted == "" {
		wanted = strings.Join(has, " ")
	}
	list := strings.Split(wanted, " ")
	for _, scope := range list {
		if !slices.Contains(has, scope) {
			return "", errScope
		}
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " "), nil
}
