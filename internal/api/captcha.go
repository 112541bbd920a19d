package api

import (
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
)

// captchaBody is what a page must know to show a CAPTCHA, once it is asked for one.
type captchaBody struct {
	captcha.Site
	Challenge string `json:"challenge,omitempty"` // where work to do is got, the attribute of ALTCHA's widget
}

func (a *API) captcha() *captchaBody {
	if a.Captcha == nil {
		return nil
	}
	b := captchaBody{Site: a.Captcha.Site()}
	if b.Provider == captcha.ByWork {
		b.Challenge = a.Site.URL("/auth/captcha")
	}
	return &b
}

// work hands out work to do. It is cheap and stores nothing, so whoever asks gets some. Where a
// vendor watches people there is none.
func (a *API) work(c call, _ none) (captcha.Challenge, error) {
	w, ok := a.Captcha.(*captcha.Work)
	if !ok {
		return captcha.Challenge{}, identity.ErrNotFound
	}
	return w.Challenge(c.r.Context())
}
