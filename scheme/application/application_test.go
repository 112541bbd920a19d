package application_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/scheme/application"
	"github.com/gatehouse-id/gatehouse/scheme/schemetest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

const (
	blog  = "https://blog.example.org"
	shop  = "https://shop.example.net"
	visit = "the name of a browser"
)

// A handover is a house with somebody signed in, and the scheme over it.
type handover struct {
	*house.House
	scheme *application.Scheme
	user   *identity.User
	in     *authn.SignedIn
}

func each(t *testing.T, fn func(*handover)) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		h := &handover{House: house.Open(t, db)}
		h.user = h.Person(house.Alice)
		h.in = h.Password(house.Alice).SignedIn
		site := &web.Site{
			Public: &url.URL{Scheme: "https", Host: "id.example.com"}, Proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
			Applications: []string{blog, shop}, Now: h.Now,
		}
		h.scheme = &application.Scheme{Site: site, Accounts: h.Accounts, Sessions: h.Sessions, Now: h.Now}
		fn(h)
	})
}

// offer makes a code for the browser.
func (h *handover) offer(origin string) string {
	h.Helper()
	code, err := h.scheme.Offer(h.Context(), &identity.Principal{UserID: h.user.ID, SessionID: h.in.Session.ID}, origin, secret.Hash(visit))
	h.Must(err)
	return code
}

// cookie takes a sign-in over.
func (h *handover) cookie(origin string) string {
	h.Helper()
	token, _, err := h.scheme.Take(h.Context(), h.offer(origin), origin, visit)
	h.Must(err)
	return token
}

// asks is what the proxy of an application sends with a cookie.
func asks(host, token string, changes ...func(*http.Request)) func(*http.Request) {
	return func(r *http.Request) {
		r.Pattern = application.Check
		r.Header.Set("X-Forwarded-Host", host)
		r.Header.Set("Cookie", "__Host-app="+token)
		for _, change := range changes {
			change(r)
		}
	}
}

// TestScheme: the cookie of an application is as every scheme must be, and good for one host (SES-17,
// ZTR-03).
func TestScheme(t *testing.T) {
	each(t, func(h *handover) {
		token, elsewhere := h.cookie(blog), h.cookie(shop)
		schemetest.Run(h.TB.(*testing.T), schemetest.Case{
			Scheme: h.scheme, Good: asks("blog.example.org", token), User: h.user.ID, Cookie: true,
			Bad: map[string]func(*http.Request){
				"nonsense": asks("blog.example.org", "x"), "another": asks("blog.example.org", strings.Repeat("A", 43)),
				"of the shop": asks("blog.example.org", elsewhere), "in the shop": asks("shop.example.net", token),
				"a code": asks("blog.example.org", h.offer(blog)),
			},
			Revoke: func() { h.Must(h.Gate.SignOut(h.Context(), h.user.ID)) },
		})
	})
}

// Elsewhere the cookie is no credential at all: on other routes, on a host that is not listed, and
// from whoever is no trusted proxy.
func TestNoCredential(t *testing.T) {
	each(t, func(h *handover) {
		token := h.cookie(blog)
		for what, credential := range map[string]func(*http.Request){
			"another route":    asks("blog.example.org", token, func(r *http.Request) { r.Pattern = "GET /auth/me" }),
			"no route":         asks("blog.example.org", token, func(r *http.Request) { r.Pattern = "" }),
			"another host":     asks("evil.example", token),
			"the house":        asks("id.example.com", token),
			"no host":          asks("blog.example.org", token, func(r *http.Request) { r.Header.Del("X-Forwarded-Host") }),
			"two hosts":        asks("blog.example.org", token, func(r *http.Request) { r.Header.Add("X-Forwarded-Host", "blog.example.org") }),
			"no trusted proxy": asks("blog.example.org", token, func(r *http.Request) { r.RemoteAddr = "198.51.100.1:1" }),
		} {
			r, err := http.NewRequestWithContext(h.Context(), http.MethodGet, "/", nil)
			h.Must(err)
			r.RemoteAddr = "192.0.2.1:1234"
			credential(r)
			if p, err := h.scheme.Authenticate(r); p != nil || err != nil {
				h.Errorf("%s: %+v, %v; want nil, nil", what, p, err)
			}
		}
	})
}

// Of all who bring a code at once one gets a cookie; the code of another browser or for another
// application gets none, and is gone.
func TestCode(t *testing.T) {
	each(t, func(h *handover) {
		for range sqldbtest.Rounds(h.TB) {
			code, won := h.offer(blog), make([]error, 8)
			sqldbtest.Race(len(won), func(i int) { _, _, won[i] = h.scheme.Take(h.Context(), code, blog, visit) })
			n := 0
			for _, err := range won {
				if err == nil {
					n++
				} else {
					h.Refuses("a code that is spent", err, identity.ErrInvalidLink)
				}
			}
			if n != 1 {
				h.Fatalf("%d took over", n)
			}
		}
		for what, try := range map[string]struct{ origin, visit string }{
			"another browser": {blog, "another"}, "no browser": {blog, ""}, "another application": {shop, visit}, "no application": {"", visit},
		} {
			code := h.offer(blog)
			_, _, err := h.scheme.Take(h.Context(), code, try.origin, try.visit)
			h.Refuses(what, err, identity.ErrInvalidLink)
			_, _, err = h.scheme.Take(h.Context(), code, blog, visit)
			h.Refuses(what+", then the right one", err, identity.ErrInvalidLink)
		}
		_, _, err := h.scheme.Take(h.Context(), h.cookie(blog), blog, visit)
		h.Refuses("a cookie as a code", err, identity.ErrInvalidLink)
	})
}
