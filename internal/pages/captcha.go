package pages

import (
	"cmp"
	"net/http"
	"net/url"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// A checkpoint is a CAPTCHA in a form.
type checkpoint struct {
	captcha.Site
	Challenge string // where the work is got
	Script    string // of the vendor
	Life      int    // seconds until an answer is too old to be sent
}

// captchaLife is less than any answer is good for that is got before the form is sent.
const captchaLife = 8 * 60

// checkpoint returns the CAPTCHA that a form must have, nil for none: when one was asked for, and
// when what was sent with one came to nothing, because the next attempt will need another.
func (p *Pages) checkpoint(r *http.Request, why *identity.Error) *checkpoint {
	if p.Captcha == nil || why == nil || why.Code != identity.ErrCaptcha.Code && p.captchaIn(r.PostForm) == "" {
		return nil
	}
	c := &checkpoint{Site: p.Captcha.Site(), Challenge: p.Site.Mount() + "/auth/captcha", Life: captchaLife}
	if c.Vendor != nil {
		c.Script = c.Vendor.Script
		if c.Vendor.Class == "" {
			c.Script += "?render=" + url.QueryEscape(c.SiteKey)
		}
	}
	return c
}

// captchaIn is the response in a form: in our own field, or where the script of a vendor left it.
func (p *Pages) captchaIn(form url.Values) string {
	if p.Captcha == nil {
		return ""
	}
	if v := p.Captcha.Site().Vendor; v != nil {
		return cmp.Or(form.Get("captcha"), form.Get(v.Field))
	}
	return form.Get("captcha")
}

// admitVendor lets a page load from a vendor whose widget it shows; no other page does.
func (v *view) admitVendor(h http.Header) {
	if v.Captcha != nil && v.Captcha.Vendor != nil {
		h.Set("Content-Security-Policy", web.WithVendor(h.Get("Content-Security-Policy"), v.Captcha.Vendor.Sources))
	}
}
