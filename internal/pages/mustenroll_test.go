package pages_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
)

func strict(c *gatehouse.Config) { c.Proofs = authn.Policy{ACR: "aal2"} }

func TestEnrollIsOver(t *testing.T) {
	h := open(t, strict).with()
	h.person().register()
	h.asked().is(http.StatusOK, "Make your account safer", "Nothing can be set up here.")
	h.with(newGenerator())
	begin := h.asked().is(http.StatusOK, "Set up: generator")
	last := begin.submit("/login/enroll")
	last.submit("/login/enroll", "code", "").is(http.StatusBadRequest, "Error: Set up: generator", "Enter the code.")
	for range 4 {
		last.submit("/login/enroll", "code", "111111")
	}
	last.submit("/login/enroll", "code", "111111").is(http.StatusOK, "Sign in to Acme", "too many wrong codes")
	late := h.asked().submit("/login/enroll").is(http.StatusOK, "Set up: generator")
	h.wait(11 * time.Minute)
	late.submit("/login/enroll", "code", right).is(http.StatusOK, "Sign in to Acme", "That sign-in is over")
	late.open("/login/enroll").is(http.StatusOK, "Sign in to Acme")
	h.person().open("/login/enroll").came("303 /login?done=over")
}

// Whoever has a second factor cannot get around it by setting up another one.
func TestEnrollIsNoWayAround(t *testing.T) {
	h := open(t, strict).with(newGenerator())
	h.person().register()
	h.has("generator")
	h.asked().is(http.StatusOK, "Confirm that it is you").open("/login/enroll?method=generator").
		submit("/login/enroll").is(http.StatusOK, "Sign in to Acme", "That sign-in is over")
}
