package provider

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/basic"
)

// The errors of the endpoints alone. On the wire each is its code in lower case.
var (
	errScope = &identity.Error{Kind: identity.Invalid, Code: "INVALID_SCOPE", Message: "The client may not name this scope."}
	errGrant = &identity.Error{Kind: identity.Invalid, Code: "UNSUPPORTED_GRANT_TYPE", Message: "This grant type is not supported."}
	errOwner = &identity.Error{Kind: identity.Invalid, Code: "UNAUTHORIZED_CLIENT", Message: "The token was not issued to this client."}
)

// refusal is the body of an answer that is an error (RFC 6749 section 5.2).
type refusal struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// unproved is what every client is told that did not prove who it is: unknown and wrong are one
// answer.
const unproved = "Authenticate by Basic, with the ID and the secret of a client."

// Wrap serves next so that the errors of the endpoints are those of OAuth.
func (p *Provider) Wrap(next http.Handler) http.Handler {
	failing := web.WithFailure(fail, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case tokenPath, introspectPath, revokePath:
			failing.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func fail(w http.ResponseWriter, r *http.Request, e *identity.Error) {
	// Somebody is established, and is no client: to OAuth that is no client at all.
	if me := identity.FromContext(r.Context()); e.Code == identity.ErrScope.Code && me != nil && !slices.Contains(byClient, me.Scheme) {
		e = identity.ErrNoCredentials
	}
	body := refusal{word(e), describe(e)}
	if e.Kind == identity.Unauthenticated {
		w.Header().Set("WWW-Authenticate", basic.Challenge)
		body.Description = unproved
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(web.Status(e))
	_ = json.NewEncoder(w).Encode(body) // the client is gone, or has it
}

// word is what OAuth calls an error.
func word(e *identity.Error) string {
	switch e.Code {
	case errScope.Code, errGrant.Code, errOwner.Code, identity.ErrScope.Code:
		return strings.ToLower(e.Code)
	}
	switch e.Kind { //nolint:exhaustive // the rest is the request's fault
	case identity.Unauthenticated:
		return "invalid_client"
	case identity.TooMany, identity.Unavailable:
		return "temporarily_unavailable"
	case identity.Internal:
		return "server_error"
	default:
		return "invalid_request"
	}
}

// describe says what is wrong in the characters that an error_description may have.
func describe(e *identity.Error) string {
	text := e.Message
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		text += " " + name + ": " + e.Fields[name] + "."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, text[:min(len(text), 256)])
}
