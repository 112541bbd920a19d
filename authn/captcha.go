package authn

import "context"

// A Captcha tells people from programs. It is asked for when an account has failed often, before
// anything that costs (RAT-10).
type Captcha interface {
	// Verify spends a response: it is nil once for what passes. Everything else is
	// identity.ErrCaptcha, and a vendor that does not answer is what the operator chose.
	Verify(ctx context.Context, response string) error
}
