package captcha

// Cloudflare Turnstile: developers.cloudflare.com/turnstile, "Validate the token" and "Content
// Security Policy".
var turnstile = Vendor{
	Name: "turnstile", Acts: true,
	Verify:  "https://challenges.cloudflare.com/turnstile/v0/siteverify",
	Script:  "https://challenges.cloudflare.com/turnstile/v0/api.js",
	Class:   "cf-turnstile",
	Field:   "cf-turnstile-response",
	Sources: []string{"https://challenges.cloudflare.com"},
}
