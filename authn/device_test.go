package authn_test

import (
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
)

// withDevice signs in with both factors on a device that is to be remembered.
func (f *fixture) withDevice() *authn.SignedIn {
	f.Helper()
	out, err := f.Finish(f.Context(), authn.Answer{Method: "app", Login: f.half().Login, Remember: true, Input: authn.Input{Code: good}})
	f.must(err)
	return out.SignedIn
}

func (f *fixture) from(device string) authn.Outcome {
	f.Helper()
	out, err := f.Finish(f.Context(), authn.Answer{
		Method: authn.Password, Device: device, Start: authn.Start{Mode: identity.ModeCookie}, Input: authn.Input{Email: alice, Password: passphrase},
	})
	f.must(err)
	return out
}

// A remembered device spares its user the second factor, for thirty days: nobody else, and
// not after a new password, a sign-out everywhere, or its removal. It proves nothing.
func TestDevice(t *testing.T) {
	equipped(t, func(f *fixture) {
		user := f.person(alice)
		in := f.signIn(identity.ModeCookie)
		f.enroll(in, "app")
		device := f.withDevice().Device
		if device == "" {
			f.Fatal("no device is remembered")
		}
		for name, try := range map[string]string{"another": device[1:] + "x", "none": ""} {
			if out := f.from(try); out.SignedIn != nil {
				t.Errorf("%s passed for the device", name)
			}
		}
		spared := f.from(device).SignedIn
		if spared == nil || identity.ACR(spared.Session.Proofs) != "aal1" || spared.Device != "" {
			f.Fatalf("%+v", spared)
		}
		methods, err := f.StepUpMethods(f.Context(), f.caller(spared))
		f.must(err)
		f.offers("step-up", methods, "app", "paper")

		f.wait(30 * 24 * time.Hour)
		if f.from(device).SignedIn != nil {
			t.Error("it is remembered for ever")
		}
		device = f.withDevice().Device
		list, err := f.Credentials(f.Context(), user)
		f.must(err)
		for _, c := range list {
			if c.Method == authn.Device {
				f.must(f.RemoveCredential(f.Context(), user, c.ID))
			}
		}
		if f.from(device).SignedIn != nil {
			t.Error("it was removed and passes")
		}
		device = f.withDevice().Device
		now := f.from(device).SignedIn
		_, err = f.ChangePassword(f.Context(), f.caller(now), passphrase, another)
		f.must(err)
		_, err = f.ChangePassword(f.Context(), f.caller(now), another, passphrase)
		f.must(err)
		if f.from(device).SignedIn != nil {
			t.Error("it outlived a new password")
		}
		if list, err = f.Credentials(f.Context(), user); err != nil {
			t.Error(err)
		}
		for _, c := range list {
			if c.Method == authn.Device {
				t.Error("a device that is forgotten is listed")
			}
		}
	})
}

// Where an assurance is demanded, or devices are not to be remembered, none stands in for a
// second factor.
func TestDeviceNever(t *testing.T) {
	for name, p := range map[string]authn.Policy{"demanded": {ACR: "aal2"}, "forbidden": {Remember: -1}, "high security": authn.HighSecurity()} {
		t.Run(name, func(t *testing.T) {
			equipped(t, func(f *fixture) {
				f.person(alice)
				f.Policy = authn.Policy{}
				f.enroll(f.signIn(identity.ModeCookie), "app")
				device := f.withDevice().Device
				f.Policy = p
				if f.from(device).SignedIn != nil {
					t.Error("it stood in for a second factor")
				}
				if p.Remember < 0 && f.withDevice().Device != "" {
					t.Error("one is remembered")
				}
			})
		})
	}
}
