package api

import (
	"fmt"
	"strings"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

func securitySchemes(site *web.Site) object {
	cookie := func(c web.Cookie, description string) object {
		return object{"type": "apiKey", "in": "cookie", "name": site.CookieName(c), "description": description}
	}
	return object{
		"bearer":      object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token (RFC 6750, RFC 9068)."},
		"apiKey":      object{"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key, also as a bearer token; where a permission or a scope is demanded."},
		"basic":       object{"type": "http", "scheme": "basic", "description": "The ID and the secret of a client, over https."},
		"certificate": object{"type": "mutualTLS", "description": "The certificate of a client."},
		"session":     cookie(web.Session, "The session cookie of mode cookie."),
		"accessToken": cookie(web.Access, "The access token of mode cookie-token."),
		"csrf": object{
			"type": "apiKey", "in": "header", "name": web.TokenHeader,
			"description": "Beside a cookie: the token of GET /auth/csrf-token, on everything but GET.",
		},
	}
}

// security lists the ways to be let in, any of which is enough. A browser sends cookies by
// itself, so what changes something needs the token beside them (CSR-02). Machines are let in
// where something is named that they may do.
func security(r guard.Rule, reads bool) []object {
	if r.Public {
		return []object{}
	}
	ways := []object{{"bearer": []string{}}}
	if r.Permission != "" && r.Fresh == 0 || r.Scope != "" || r.Schemes != nil {
		for _, machine := range []string{"apiKey", "basic", "certificate"} {
			ways = append(ways, object{machine: []string{}})
		}
	}
	for _, cookie := range []string{"session", "accessToken"} {
		way := object{cookie: []string{}}
		if !reads {
			way["csrf"] = []string{}
		}
		ways = append(ways, way)
	}
	return ways
}

// demands says in words what OpenAPI has no member for.
func demands(r guard.Rule) string {
	var list []string
	if r.Permission != "" {
		list = append(list, "Needs the permission "+string(r.Permission)+".")
	}
	if r.Fresh != 0 {
		list = append(list, fmt.Sprintf("Needs a proof of at most %d seconds ago.", seconds(r.Fresh)))
	}
	if r.Limit.N != 0 {
		list = append(list, fmt.Sprintf("At most %d calls in %d seconds from one address.", r.Limit.N, seconds(r.Limit.Per)))
	}
	return strings.Join(list, " ")
}
