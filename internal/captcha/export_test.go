package captcha

// Signed returns a challenge of whatever parameters, signed with the key that they name.
func (w *Work) Signed(p Parameters) Challenge {
	signature, err := p.sign(w.Keys.CaptchaSecretByID(p.Data.Key))
	if err != nil {
		panic(err)
	}
	return Challenge{p, signature}
}

// Read is the parser of answers, for its fuzz test.
var Read = read
