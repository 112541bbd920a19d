// Package schemetest checks what every guard.Scheme must do, so that a new scheme cannot
// forget it.
package schemetest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// A Case describes a scheme to Run.
type Case struct {
	Scheme guard.Scheme
	Good   func(*http.Request)            // puts a credential on a request that the scheme accepts
	Bad    map[string]func(*http.Request) // credentials of the scheme that it must refuse
	User   identity.UserID                // whom Good stands for; "": nobody but Client
	Client identity.ClientID              // the client that Good stands for; "": it is not looked at
	// Foreign are header fields of other schemes; nil: one of Basic, and an API key.
	Foreign map[string]string
	Cookie  bool   // the credential is a cookie
	Revoke  func() // ends the credential of Good
}

// Run checks c.
func Run(t *testing.T, c Case) {
	t.Run("none", func(t *testing.T) {
		if p, err := c.try(t, func(*http.Request) {}); p != nil || err != nil {
			t.Errorf("a request without a credential: %+v, %v; want nil, nil", p, err)
		}
	})
	t.Run("good", func(t *testing.T) {
		p, err := c.try(t, c.Good)
		if err != nil || p == nil {
			t.Fatalf("%+v, %v", p, err)
		}
		if p.UserID != c.User || p.Cookie != c.Cookie || c.Client != "" && p.ClientID != c.Client || p.Scheme == "" {
			t.Errorf("%+v, want user %q, client %q, cookie %v, and the scheme's name", p, c.User, c.Client, c.Cookie)
		}
	})
	for name, bad := range c.Bad {
		t.Run("bad/"+name, func(t *testing.T) {
			p, err := c.try(t, bad)
			if p != nil || identity.KindOf(err) != identity.Unauthenticated {
				t.Errorf("%+v, %v; want a 401 that does not fall through to another scheme", p, err)
			}
		})
	}
	t.Run("other credential", func(t *testing.T) { c.other(t) })
	t.Run("revoked", func(t *testing.T) {
		c.Revoke()
		if p, err := c.try(t, c.Good); p != nil || identity.KindOf(err) != identity.Unauthenticated {
			t.Errorf("after it was ended: %+v, %v", p, err)
		}
	})
}

// other checks that a header field of another scheme is the credential: a cookie beside it
// is not read, and what is not the scheme's own is left to the others (BUG-45).
func (c Case) other(t *testing.T) {
	good := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	c.Good(good)
	foreign := c.Foreign
	if foreign == nil {
		foreign = map[string]string{"Authorization": "Basic Zm9vOmJhcg==", "X-API-Key": "sk_live_unknown"}
	}
	for name, value := range foreign {
		if kind(good.Header.Get(name)) == kind(value) {
			continue // the scheme's own
		}
		p, err := c.try(t, func(r *http.Request) {
			if c.Cookie {
				c.Good(r)
			}
			r.Header.Set(name, value)
		})
		if p != nil || err != nil {
			t.Errorf("%s: %+v, %v; want nil, nil", name, p, err)
		}
	}
}

// kind is what a credential says that it is: "Basic", "sk".
func kind(credential string) string {
	return credential[:max(0, strings.IndexAny(credential, " _"))]
}

func (c Case) try(t *testing.T, credential func(*http.Request)) (*identity.Principal, error) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	credential(r)
	return c.Scheme.Authenticate(r)
}
