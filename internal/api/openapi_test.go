package api_test

import (
	"flag"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/web"
)

var update = flag.Bool("update", false, "write the OpenAPI document of the documentation anew")

// TestReference keeps docs/reference/openapi.json as the house would serve it.
func TestReference(t *testing.T) {
	f := one(t, at("https://id.example.com"))
	golden := filepath.Join("..", "..", "docs", "reference", "openapi.json")
	a := f.program().do("GET", "/openapi.json", nil).is(200, "")
	if *update {
		f.must(os.MkdirAll(filepath.Dir(golden), 0o755))
		f.must(os.WriteFile(golden, []byte(a.text), 0o644))
	}
	want, err := os.ReadFile(golden)
	f.must(err)
	if a.text != string(want) {
		t.Errorf("%s is out of date: go test ./internal/api -run TestReference -update", golden)
	}
}

// What has a summary is in the document, and nothing else is.
func TestDocumentedRoutes(t *testing.T) {
	f := one(t)
	var want, got []string
	for _, r := range f.gate.Routes() {
		if r.About.Summary != "" {
			want = append(want, r.Pattern)
		}
	}
	ids := map[string]bool{}
	for path, item := range member(f.doc.root, "paths") {
		for method, op := range item.(map[string]any) {
			got = append(got, strings.ToUpper(method)+" "+path)
			ids[op.(map[string]any)["operationId"].(string)] = true
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("documented:\n%s\nserved:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(want) < 25 || len(ids) != len(want) {
		t.Errorf("%d routes have %d IDs", len(want), len(ids))
	}
}

// Every body that the document asks for is one that the strict decoder takes, and a member
// more is refused.
func TestExamplesDecode(t *testing.T) {
	f := one(t)
	for _, route := range f.gate.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		body := member(f.doc.operation(method, path), "requestBody", "content", "application/json", "schema")
		if takes := route.About.In != nil && method != "GET"; takes != (body != nil) {
			t.Errorf("%s: a body is documented: %v", route.Pattern, body != nil)
		}
		if body == nil {
			continue
		}
		example := f.doc.example(body).(map[string]any)
		decode := func() error {
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(encoded(example)))
			r.Header.Set("Content-Type", "application/json")
			return web.Decode(httptest.NewRecorder(), r, reflect.New(reflect.TypeOf(route.About.In)).Interface())
		}
		if err := decode(); err != nil {
			t.Errorf("%s: %s: %v", route.Pattern, encoded(example), err)
		}
		if example["more"] = 1; decode() == nil {
			t.Errorf("%s: it takes a member that the document does not have", route.Pattern)
		}
		if f.doc.resolve(body)["additionalProperties"] != false {
			t.Errorf("%s: the document allows members that are refused", route.Pattern)
		}
	}
}

// Who may call is told by the rule: nobody is told to send what is not asked for.
func TestDocumentedSecurity(t *testing.T) {
	f := one(t, at("https://id.example.com"))
	schemes := member(f.doc.root, "components", "securitySchemes")
	if got := slices.Sorted(maps.Keys(schemes)); !slices.Equal(got, []string{"accessToken", "apiKey", "basic", "bearer", "certificate", "csrf", "session"}) {
		t.Errorf("schemes %v", got)
	}
	if got := member(schemes, "session")["name"]; got != "__Host-session" {
		t.Errorf("the session cookie is %v", got)
	}
	for _, route := range f.gate.Routes() {
		method, path, _ := strings.Cut(route.Pattern, " ")
		op := f.doc.operation(method, path)
		if op == nil {
			continue
		}
		ways := op["security"].([]any)
		if route.Rule.Public != (len(ways) == 0) {
			t.Errorf("%s: public %v, but %v", route.Pattern, route.Rule.Public, ways)
		}
		for _, way := range ways {
			w := way.(map[string]any)
			if _, token := w["csrf"]; token != ((w["session"] != nil || w["accessToken"] != nil) && method != "GET") {
				t.Errorf("%s: %v", route.Pattern, w)
			}
		}
		named := route.Rule.Permission != "" && route.Rule.Fresh == 0 || route.Rule.Schemes != nil
		for _, machine := range []string{"apiKey", "basic", "certificate"} {
			if told := slices.ContainsFunc(ways, func(w any) bool { return w.(map[string]any)[machine] != nil }); told != (named && !route.Rule.Public) {
				t.Errorf("%s: %s is told of: %v", route.Pattern, machine, told)
			}
		}
		text, _ := op["description"].(string)
		if p := string(route.Rule.Permission); !strings.Contains(text, p) {
			t.Errorf("%s: %q does not tell of %s", route.Pattern, text, p)
		}
		if limited := route.Rule.Limit.N != 0; limited != strings.Contains(text, "from one address") {
			t.Errorf("%s: %q, limited %v", route.Pattern, text, limited)
		}
	}
}

// The document may be kept, and asked for again for nothing.
func TestDocumentCaching(t *testing.T) {
	p := one(t).program()
	first := p.do("GET", "/openapi.json", nil).is(200, "")
	tag := first.header.Get("ETag")
	if tag == "" || first.header.Get("Cache-Control") != "public, max-age=300" || first.header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", first.header)
	}
	for _, c := range []struct {
		has    string
		status int
	}{{tag, 304}, {"W/" + tag, 304}, {`"other", ` + tag, 304}, {`"other"`, 200}, {"", 200}} {
		r := p.request("GET", "/openapi.json", nil)
		r.Header.Set("If-None-Match", c.has)
		if a := p.send(r); a.status != c.status || a.header.Get("ETag") != tag || (a.text == "") != (c.status == 304) {
			t.Errorf("If-None-Match: %s: %d", c.has, a.status)
		}
	}
	if a := p.do("HEAD", "/openapi.json", nil); a.status != 200 || a.text != "" {
		t.Errorf("HEAD: %d %q", a.status, a.text)
	}
}
