package captcha

// Google reCAPTCHA, version 3: developers.google.com/recaptcha/docs/v3 and its FAQ on
// Content-Security-Policy. It shows nothing and gives a score (RAT-13).
var recaptcha = Vendor{
	Name: "recaptcha", Acts: true, Scores: true,
	Verify:  "https://www.google.com/recaptcha/api/siteverify",
	Script:  "https://www.google.com/recaptcha/api.js",
	Field:   "g-recaptcha-response",
	Sources: []string{"https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/", "https://recaptcha.google.com/recaptcha/"},
}
