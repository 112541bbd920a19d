package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
)

// A message is a body in JSON.
type message map[string]any

// request makes a request with what the device sends always. A string is a body as it is,
// anything else is put into JSON.
func (d *device) request(method, path string, body any) *http.Request {
	d.Helper()
	text, raw := body.(string)
	if !raw && body != nil {
		b, err := json.Marshal(body)
		d.must(err)
		text = string(b)
	}
	r, err := http.NewRequestWithContext(d.Context(), method, d.public.String()+path, strings.NewReader(text))
	d.must(err)
	r.Header = maps.Clone(d.header)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// send sends r, keeps the cookies of a browser, and holds the answer against the document.
func (d *device) send(r *http.Request) answer {
	d.Helper()
	client := http.Client{Transport: d.transport, Jar: d.jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	d.must(err)
	defer func() { _ = response.Body.Close() }()
	path := strings.TrimPrefix(r.URL.Path, d.public.Path)
	a := take(d, r.Method+" "+path, response)
	if a.status == http.StatusInternalServerError {
		d.Errorf("%s: %s", a.request, a.text)
	}
	for _, finding := range d.doc.judge(r.Method, path, a) {
		d.Errorf("%s: against the document: %s", a.request, finding)
	}
	return a
}

// do asks without any credential but cookies.
func (d *device) do(method, path string, body any) answer {
	d.Helper()
	return d.send(d.request(method, path, body))
}

// call asks as whoever is signed in: with the access token in memory or, for cookies, with
// the token against forgery.
func (d *device) call(method, path string, body any) answer {
	d.Helper()
	r := d.request(method, path, body)
	switch {
	case d.access != "":
		r.Header.Set("Authorization", "Bearer "+d.access)
	case method != http.MethodGet:
		r.Header.Set("X-CSRF-Token", d.csrf())
	}
	return d.send(r)
}

func (d *device) csrf() string {
	d.Helper()
	return d.do("GET", "/auth/csrf-token", nil).is(200, "").has("", "csrfToken").str("csrfToken")
}

func (d *device) register(email, password string) answer {
	d.Helper()
	return d.do("POST", "/auth/register", message{"email": email, "password": password, "name": "Somebody"})
}

// login signs in, and fails if it cannot.
func (d *device) login(email, mode string) answer {
	d.Helper()
	a := d.try(message{"email": email, "password": passphrase, "mode": mode})
	return d.remember(a.is(200, ""))
}

func (d *device) try(body message) answer {
	d.Helper()
	return d.do("POST", "/auth/login", body)
}

// remember keeps what an answer handed to the device.
func (d *device) remember(a answer) answer {
	if access, ok := a.body["accessToken"].(string); ok {
		d.access = access
	}
	if refresh, ok := a.body["refreshToken"].(string); ok {
		d.refresh = refresh
	}
	return a
}

// renew refreshes, whatever comes of it.
func (d *device) renew() answer {
	d.Helper()
	if d.refresh != "" {
		return d.remember(d.do("POST", "/auth/refresh", message{"refreshToken": d.refresh}))
	}
	return d.remember(d.do("POST", "/auth/refresh", nil))
}

func (d *device) me() answer {
	d.Helper()
	return d.call("GET", "/auth/me", nil)
}

// signedIn is a device of somebody.
func (f *fixture) signedIn(email, mode string) *device {
	f.Helper()
	d := f.browser()
	if mode == "native" {
		d = f.program()
	}
	d.login(email, mode)
	return d
}
