package provider

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
)

// Whatever form is read stands in the body once, names no other client and holds no secret.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{
		"grant_type=client_credentials&scope=a+b", "token=x&token=y", "client_id=cli_2", "client_secret=", "%zz", "a;b", "=&=", "client_id=cli_1&x",
	} {
		f.Add(seed, "")
	}
	f.Add("a=b", "token=x")
	f.Fuzz(func(t *testing.T, body, query string) {
		r := httptest.NewRequestWithContext(identity.NewContext(t.Context(), &identity.Principal{ClientID: "cli_1"}), http.MethodPost, "/", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		in, err := form(httptest.NewRecorder(), r)
		if err != nil {
			if kind := identity.KindOf(err); kind != identity.Invalid && kind != identity.TooLarge {
				t.Errorf("%q: %v", body, err)
			}
			if text := describe(&identity.Error{Message: err.Error()}); strings.ContainsAny(text, "\"\\\r\n") {
				t.Errorf("%q", text)
			}
			return
		}
		want, err := url.ParseQuery(body)
		if err != nil || query != "" || want.Encode() != in.Encode() || in.Has("client_secret") || in.Get("client_id") != "" && in.Get("client_id") != "cli_1" {
			t.Errorf("%q, %q: %v", body, query, in)
		}
		for name, values := range in {
			if len(values) != 1 {
				t.Errorf("%q: %s stands %d times", body, name, len(values))
			}
		}
	})
}

// A token never names what its client may not.
func FuzzNarrowed(f *testing.F) {
	for _, seed := range []string{"", "a", "b a", "a  b", " ", "a:b a", "A"} {
		f.Add(seed)
	}
	has := []string{"a", "a:b", "b"}
	f.Fuzz(func(t *testing.T, wanted string) {
		got, err := narrowed(wanted, has)
		list := strings.Fields(got)
		for _, scope := range list {
			if !slices.Contains(has, scope) || wanted != "" && !slices.Contains(strings.Split(wanted, " "), scope) {
				t.Errorf("%q: %q", wanted, got)
			}
		}
		if (err == nil) != (len(list) > 0) || !slices.IsSorted(list) || strings.Join(list, " ") != got {
			t.Errorf("%q: %q, %v", wanted, got, err)
		}
	})
}
