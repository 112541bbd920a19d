package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// Document returns the route of the OpenAPI 3.1 document of routes. It is made of the
// routes themselves, of their rules and of the types that they decode and encode, so it
// cannot tell anything else than what is served. Routes without About are left out. It is
// made when it is first asked for: a house that starts has more urgent things to do.
func Document(site *web.Site, product string, routes []guard.Route) guard.Route {
	text := sync.OnceValue(func() []byte { return describe(site, product, routes) })
	return guard.Route{Pattern: "GET /openapi.json", Rule: anonymous, Handler: web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		publish(w, r, "application/json", 5*time.Minute, text())
		return nil
	})}
}

// An object is a JSON object; its members come out sorted.
type object = map[string]any

func describe(site *web.Site, product string, routes []guard.Route) []byte {
	s, paths := schemas{}, map[string]object{}
	for _, r := range routes {
		if r.About.Summary == "" {
			continue
		}
		method, path, _ := strings.Cut(r.Pattern, " ")
		if paths[path] == nil {
			paths[path] = object{}
		}
		paths[path][strings.ToLower(method)] = s.operation(r, method, path)
	}
	s.of(reflect.TypeFor[web.Problem](), false)
	text, err := json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info": object{"title": product, "version": "1", "description": "Bodies are JSON. A member that is not named here is refused. " +
			"Times are RFC 3339, in UTC."},
		"servers": []object{{"url": site.URL("")}},
		"paths":   paths,
		"components": object{
			"schemas": s, "headers": headers, "responses": responses(), "securitySchemes": securitySchemes(site),
		},
	}, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("openapi: %v", err)) // it is made of strings
	}
	return append(text, '\n')
}

var (
	parameter = regexp.MustCompile(`\{(\w+)(?:\.\.\.)?\}`)
	word      = regexp.MustCompile(`[A-Za-z0-9]+`)
)

func (s schemas) operation(r guard.Route, method, path string) object {
	reads := method == http.MethodGet || method == http.MethodHead
	op := object{
		"operationId": operationID(method, path), "summary": r.About.Summary,
		"security": security(r.Rule, reads), "responses": s.answers(r, reads, path),
	}
	if text := demands(r.Rule); text != "" {
		op["description"] = text
	}
	var parameters []object
	for _, m := range parameter.FindAllStringSubmatch(path, -1) {
		parameters = append(parameters, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	switch {
	case r.About.In == nil:
	case reads:
		for _, f := range members(reflect.TypeOf(r.About.In)) {
			parameters = append(parameters, object{"name": f.name, "in": "query", "schema": s.of(f.Type, true)})
		}
	default:
		in := reflect.TypeOf(r.About.In)
		op["requestBody"] = object{
			"required": slices.ContainsFunc(members(in), func(m member) bool { return !m.optional }),
			"content":  content("application/json", s.of(in, true)),
		}
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	return op
}

// operationID is "postAuthLogin" for POST /auth/login.
func operationID(method, path string) string {
	id := strings.ToLower(method)
	for _, w := range word.FindAllString(path, -1) {
		id += capital(w)
	}
	return id
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
