package api_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
)

// Where two kinds of evidence are demanded, whoever has none of the second sets one up, but not
// before the proof that an odd sign-in is asked for: a thief would else bring it along.
func TestOddProofBeforeEnrollment(t *testing.T) {
	mapped(t, gatehouse.Risk{}, func(f *fixture) {
		f.person(alice)
		f.comes(inHamburg).enters().is(200, "")
		f.wait(24 * time.Hour)
		f.gate.Flow.Policy = authn.Policy{ACR: "aal2"}
		d := f.comes(inOsaka)
		login := d.enters().is(200, "").sets().str("login")
		d.do("POST", "/auth/login/totp/enroll", message{"login": login}).is(401, "LINK_EXPIRED")
		d.do("POST", "/auth/login/totp/enroll/finish", message{"login": login, "code": "000000"}).is(401, "LINK_EXPIRED")
		d.do("POST", "/auth/login/email-code", message{"login": login}).is(200, "")
		d.do("POST", "/auth/login/email-code/finish", message{"login": login, "code": f.code(alice)}).is(403, "MFA_ENROLLMENT_REQUIRED")
		gen := &app{f, d.do("POST", "/auth/login/totp/enroll", message{"login": login}).is(200, "").str("prompt.secret.key")}
		d.do("POST", "/auth/login/totp/enroll/finish", message{"login": login, "code": gen.code()}).is(200, "")
		d.me().is(200, "")
	})
}
