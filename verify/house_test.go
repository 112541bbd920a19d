package verify_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/client"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/test/house"
	tokens "github.com/gatehouse-id/gatehouse/token"
	"github.com/gatehouse-id/gatehouse/verify"
)

// A neighbour is a service beside a real house, which it knows by its URL.
type neighbour struct {
	*house.House
	v             *verify.Verifier
	shop          *identity.Client
	ada           *identity.User
	local, asking http.Handler
}

// besides opens a house, mounted at a path, and a service that may ask it.
func besides(t *testing.T, db *sqldb.DB, path string) neighbour {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	issuer := "http://" + server.Listener.Addr().String() + path
	h := house.Open(t, db, func(c *gatehouse.Config) {
		c.PublicURL = issuer
		c.Policy = &policy.File{Roles: map[string][]policy.Permission{"editor": {"posts:delete"}}}
	})
	server.Config.Handler = h.Gate.Handler()
	server.Start()
	t.Cleanup(server.Close)
	shop, secret, err := h.Gate.Clients.Create(t.Context(), client.New{Name: "shop", Scopes: []string{policy.Introspect}})
	h.Must(err)
	v, err := verify.New(issuer, verify.Config{Now: h.Now, ClientID: shop.ID, ClientSecret: secret})
	h.Must(err)
	n := neighbour{House: h, v: v, ada: h.Person(house.Alice), shop: shop}
	n.local = v.Protect(verify.Demand{Roles: list("editor")}, hello)
	n.asking = v.Protect(verify.Demand{Roles: list("editor"), Introspect: true}, hello)
	return n
}

// signIn returns a token of Ada's.
func (n neighbour) signIn() (string, *identity.Session) {
	n.Helper()
	out, err := n.Finish(n.Context(), authn.Answer{
		Method: authn.Password, Start: authn.Start{Mode: identity.ModeNative}, Input: authn.Input{Email: house.Alice, Password: house.Passphrase},
	})
	n.Must(err)
	return out.SignedIn.Access, out.SignedIn.Session
}

func (n neighbour) finds(what, token, local, asking string) {
	n.Helper()
	if a, b := verdict(send(n.local, token)), verdict(send(n.asking, token)); a != local || b != asking {
		n.Errorf("%s: %s on the spot, %s of the house; want %s and %s", what, a, b, local, asking)
	}
}

// A service beside a real house. What changes there the service sees at once where it asks, and
// where it does not when the token expires, and not before (INT-02, INT-04, INT-05).
func TestBesideTheHouse(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		n := besides(t, db, "")
		token, _ := n.signIn()
		n.finds("no editor", token, "403 INSUFFICIENT_PERMISSIONS", "403 INSUFFICIENT_PERMISSIONS")
		n.Must(n.Accounts.SetRoles(t.Context(), n.ada.ID, []string{"editor"}))
		n.finds("an editor whose token is older", token, "403 INSUFFICIENT_PERMISSIONS", "401 TOKEN_INACTIVE")
		token, _ = n.signIn()
		n.finds("an editor", token, "200", "200")
		n.Must(n.Accounts.SetRoles(t.Context(), n.ada.ID, []string{"user"}))
		n.finds("no editor any more", token, "200", "401 TOKEN_INACTIVE")
		n.Wait(15 * time.Minute)
		n.finds("within the leeway", token, "200", "401 TOKEN_INACTIVE")
		n.Wait(time.Minute)
		n.finds("and expired", token, "401 TOKEN_EXPIRED", "401 TOKEN_EXPIRED")

		n.Must(n.Accounts.SetRoles(t.Context(), n.ada.ID, []string{"editor"}))
		token, session := n.signIn()
		n.finds("an editor again", token, "200", "200")
		n.Must(n.SignOut(t.Context(), n.ada.ID, session.ID))
		n.finds("signed out", token, "200", "401 TOKEN_INACTIVE")
		n.Must(n.Gate.Keys.Rotate(t.Context(), true))
		n.Wait(time.Minute)
		n.finds("every key is another", token, "401 INVALID_TOKEN", "401 INVALID_TOKEN")
		token, _ = n.signIn()
		n.finds("by the new key", token, "200", "200")
		n.Must(n.Gate.Clients.SetState(t.Context(), n.shop.ID, identity.Disabled))
		n.finds("the service may not ask any more", token, "200", "503 UNAVAILABLE")
	})
}

// A client's own token is for the routes that its scope names, and its end is seen as that of a
// person's is. The house is mounted below a path here.
func TestClientBesideTheHouse(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		n := besides(t, db, "/id")
		bill, _, err := n.Gate.Clients.Create(t.Context(), client.New{Name: "bill", Scopes: []string{"read"}})
		n.Must(err)
		token, err := n.Tokens.IssueClient(bill, tokens.Purpose{Scope: "read"})
		n.Must(err)
		n.local, n.asking = n.v.Protect(verify.Demand{Scopes: list("read")}, hello), n.v.Protect(verify.Demand{Scopes: list("read"), Introspect: true}, hello)
		n.finds("by its scope", token, "200", "200")
		if got := send(n.local, token).Body.String(); got != string(bill.ID) {
			t.Errorf("called %s", got)
		}
		if got := verdict(send(n.v.Protect(verify.Demand{}, hello), token)); got != "403 INSUFFICIENT_SCOPE" {
			t.Errorf("a route for people: %s", got)
		}
		n.Must(n.Gate.Clients.SetState(t.Context(), bill.ID, identity.Disabled))
		n.finds("disabled", token, "200", "401 TOKEN_INACTIVE")
	})
}
