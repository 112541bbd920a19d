package proxy_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// traefikFile is as much of Traefik's dynamic configuration as the example uses.
type traefikFile struct {
	HTTP struct {
		Middlewares map[string]struct {
			ForwardAuth *struct {
				Address                  string `yaml:"address"`
				TrustForwardHeader       bool   `yaml:"trustForwardHeader"`
				AuthResponseHeadersRegex string `yaml:"authResponseHeadersRegex"`
			} `yaml:"forwardAuth"`
			Headers *struct {
				CustomRequestHeaders map[string]string `yaml:"customRequestHeaders"`
			} `yaml:"headers"`
		} `yaml:"middlewares"`
		Routers map[string]struct {
			Rule        string   `yaml:"rule"`
			EntryPoints []string `yaml:"entryPoints"`
			Middlewares []string `yaml:"middlewares"`
			Service     string   `yaml:"service"`
			TLS         struct{} `yaml:"tls"`
		} `yaml:"routers"`
		Services map[string]struct {
			LoadBalancer struct {
				Servers []struct {
					URL string `yaml:"url"`
				} `yaml:"servers"`
			} `yaml:"loadBalancer"`
		} `yaml:"services"`
	} `yaml:"http"`
}

// Debian has no Traefik, so its example is only read: it says nothing that Traefik does not know,
// every name leads somewhere, and the house takes the question that it asks.
func TestTraefikExample(t *testing.T) {
	var file traefikFile
	reader := yaml.NewDecoder(strings.NewReader(example(t, "traefik/gatehouse.yaml")))
	reader.KnownFields(true)
	if err := reader.Decode(&file); err != nil {
		t.Fatal(err)
	}
	for name, router := range file.HTTP.Routers {
		if len(file.HTTP.Services[router.Service].LoadBalancer.Servers) == 0 {
			t.Errorf("router %s has no service", name)
		}
		for _, m := range router.Middlewares {
			if _, ok := file.HTTP.Middlewares[m]; !ok {
				t.Errorf("router %s has no middleware %s", name, m)
			}
		}
	}
	auth := file.HTTP.Middlewares["signed-in"].ForwardAuth
	question, err := url.Parse(auth.Address)
	if err != nil || auth.TrustForwardHeader {
		t.Fatalf("%+v, %v", auth, err)
	}
	for _, name := range []string{"User", "Client", "Roles", "Org", "Org-Roles", "Scopes"} {
		if !regexp.MustCompile(auth.AuthResponseHeadersRegex).MatchString("X-Auth-" + name) {
			t.Errorf("X-Auth-%s of the client reaches the application", name)
		}
	}
	at := "http://" + free(t)
	f, gate, _, _ := open(t, at, false)
	a := f.browser().ask(http.MethodGet, "http://"+gate+question.RequestURI(), "", "X-Forwarded-Uri", "/a", "X-Forwarded-Host", f.url[len("http://"):],
		"X-Forwarded-Method", "GET", "X-Forwarded-Proto", "https")
	if got := a.Header.Get("Location"); a.StatusCode != http.StatusSeeOther || got != f.url+"/id/login?returnTo=%2Fa" {
		t.Errorf("%s to %q: %s", a.Status, got, a.text)
	}
}
