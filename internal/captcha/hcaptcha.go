package captcha

// HCaptcha: docs.hcaptcha.com, "Verify the User Response Server Side" and "Content-Security-Policy
// Settings". It names no action.
var hcaptcha = Vendor{
	Name:    "hcaptcha",
	Verify:  "https://api.hcaptcha.com/siteverify",
	Script:  "https://js.hcaptcha.com/1/api.js",
	Class:   "h-captcha",
	Field:   "h-captcha-response",
	Sources: []string{"https://hcaptcha.com", "https://*.hcaptcha.com"},
}
