package pages_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
)

// A click alone deletes nothing: the address is typed.
func TestDeletionIsConfirmed(t *testing.T) {
	p := secured(t)
	form := p.open("/account").is(http.StatusOK, "Profile", "Delete your account").open("/account/delete").
		is(http.StatusOK, "Delete your account", "This cannot be undone.", "Type ada@example.com to confirm")
	form.submit("/account/delete").is(http.StatusBadRequest, "Error: Delete your account", "Enter your email address.")
	for _, typed := range []string{"eve@example.com", "nonsense"} {
		form.submit("/account/delete", "email", typed).is(http.StatusBadRequest, "Error: Delete your account", "This is not the address of your account.")
	}
	p.open("/account").is(http.StatusOK, "Profile")
	p.person().open("/account-deleted").is(http.StatusOK, "Your account is gone")
}

func TestAddressForm(t *testing.T) {
	p := secured(t)
	form := p.open("/account/email").is(http.StatusOK, "Email address", "Your address is ada@example.com.")
	form.submit("/account/email").is(http.StatusBadRequest, "Error: Email address", "Enter your email address.")
	p.open("/account/email?done=moving").is(http.StatusOK, "Email address", "We sent a link to both addresses")
}

// Whoever has no password cannot change it, but can get one by mail.
func TestPasswordOfNone(t *testing.T) {
	p := secured(t)
	if _, err := p.gate.Accounts.TakeAll(t.Context(), p.me().ID, authn.Password); err != nil {
		t.Fatal(err)
	}
	p.open("/account/password").is(http.StatusOK, "Password", "Your account has no password.", "Set a password by mail")
	if to := p.open("/account/security").is(http.StatusOK, "Security", "You have no password.").hrefs("/forgot"); len(to) != 1 {
		t.Errorf("no way to a password: %q", to)
	}
}

// Both addresses are asked, and an address that is somebody else's is answered alike: a member
// must not find out who else is one (CON-26).
func TestAddressChangeIsAskedOfBoth(t *testing.T) {
	p := secured(t)
	other := p.person()
	other.open("/signup").submit("/signup", "email", "eve@example.com", "password", secret)
	other.open(p.letterTo("eve@example.com").Links[0]).submit("/verify-email").is(http.StatusOK, "Your address is confirmed")
	p.mail.Clear()
	form := p.open("/account/email")
	form.submit("/account/email", "email", "nonsense").is(http.StatusBadRequest, "Error: Email address", "Enter an email address such as")
	form.submit("/account/email", "email", ada).is(http.StatusBadRequest, "Error: Email address", "This is your address already.")
	taken := form.submit("/account/email", "email", "eve@example.com").is(http.StatusOK, "Email address", "We sent a link to both addresses").came("303 /account/email?done=moving")
	free := form.submit("/account/email", "email", "ada@example.org").is(http.StatusOK, "Email address", "We sent a link to both addresses").came("303 /account/email?done=moving")
	if fresh.ReplaceAllString(free.text, "") != fresh.ReplaceAllString(taken.text, "") || strings.Contains(free.url.String(), "ada") {
		t.Error("a taken and a free address can be told apart, or the address is in the URL")
	}
	for _, to := range []string{ada, "ada@example.org"} {
		if m := p.letterTo(to); len(m.Links) == 0 {
			t.Errorf("%s got no link", to)
		}
	}
}

// A deleted account is gone at once, with what its browser had.
func TestDeletion(t *testing.T) {
	p := secured(t)
	form := p.open("/account/delete")
	gone := form.submit("/account/delete", "email", " Ada@Example.com ").is(http.StatusOK, "Your account is gone").came("303 /account-deleted")
	if cookies := p.client.Jar.Cookies(gone.url); slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return c.Name == "session" }) {
		t.Error("the session's cookie is still there")
	}
	p.open("/account").is(http.StatusOK, "Sign in to Acme")
	p.open("/login").submit("/login", "email", ada, "password", secret).is(http.StatusUnauthorized, "Error: Sign in to Acme")
}

// The last administrator stays.
func TestLastAdministratorIsNotDeleted(t *testing.T) {
	p := secured(t)
	if err := p.gate.Accounts.SetRoles(t.Context(), p.me().ID, []string{"admin", "user"}); err != nil {
		t.Fatal(err)
	}
	p.open("/account/delete").submit("/account/delete", "email", ada).
		is(http.StatusConflict, "Error: Delete your account", "Somebody must remain administrator")
	p.open("/account").is(http.StatusOK, "Profile")
}
