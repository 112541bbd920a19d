package api_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A document is the OpenAPI document as a client sees it.
type document struct{ root map[string]any }

// read asks the house for its document.
func read(f *fixture) document {
	f.Helper()
	r, err := http.NewRequestWithContext(f.Context(), http.MethodGet, f.public.String()+"/openapi.json", nil)
	f.must(err)
	response, err := f.transport.RoundTrip(r)
	f.must(err)
	defer func() { _ = response.Body.Close() }()
	return document{take(f, "GET /openapi.json", response).is(200, "").body}
}

// member walks down the members of objects.
func member(v any, path ...string) map[string]any {
	for _, step := range path {
		in, _ := v.(map[string]any)
		v = in[step]
	}
	found, _ := v.(map[string]any)
	return found
}

// resolve follows a $ref.
func (d document) resolve(v map[string]any) map[string]any {
	if ref, ok := v["$ref"].(string); ok {
		return member(d.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return v
}

// operation finds what the document says of a request, nil if it is none of its.
func (d document) operation(method, path string) map[string]any {
	best := ""
	for template, item := range member(d.root, "paths") {
		// Of two that fit the one with fewer gaps is served, as net/http does it.
		if fits(template, path) && member(item, strings.ToLower(method)) != nil &&
			(best == "" || strings.Count(template, "{") < strings.Count(best, "{")) {
			best = template
		}
	}
	return member(d.root, "paths", best, strings.ToLower(method))
}

func fits(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return len(want) == len(got)
}

// judge says what an answer has that the document does not, and the other way round.
func (d document) judge(method, path string, a answer) (found []string) {
	op := d.operation(method, path)
	if op == nil {
		return nil
	}
	responses := member(op, "responses")
	response, ok := responses[strconv.Itoa(a.status)]
	if !ok && a.status >= 400 {
		response, ok = responses["default"]
	}
	if !ok {
		if a.status == http.StatusNotModified {
			return nil
		}
		return []string{fmt.Sprintf("status %d is not in it", a.status)}
	}
	r := d.resolve(response.(map[string]any))
	for name := range member(r, "headers") {
		if a.header.Values(name) == nil {
			found = append(found, "no "+name)
		}
	}
	schema := member(r, "content", a.header.Get("Content-Type"), "schema")
	if schema == nil {
		if a.text != "" {
			found = append(found, "a body of type "+a.header.Get("Content-Type")+" is not in it")
		}
		return found
	}
	return append(found, d.check(schema, a.body, "body")...)
}

// check is the part of JSON Schema that the document uses. A member that the schema does
// not have is a finding: whoever adds one must tell.
func (d document) check(schema map[string]any, v any, at string) (found []string) {
	schema = d.resolve(schema)
	if choices, ok := schema["anyOf"].([]any); ok {
		for _, s := range choices {
			if found = d.check(s.(map[string]any), v, at); found == nil {
				return nil
			}
		}
		return found
	}
	kind := map[bool]string{true: "null"}[v == nil]
	switch v := v.(type) {
	case string:
		kind = "string"
		if _, err := time.Parse(time.RFC3339, v); schema["format"] == "date-time" && (err != nil || !strings.HasSuffix(v, "Z")) {
			return []string{at + " is no time in UTC"}
		}
	case bool:
		kind = "boolean"
	case float64:
		kind = "number"
		if schema["type"] == "integer" && v == math.Trunc(v) {
			kind = "integer"
		}
	case []any:
		kind = "array"
		for i, item := range v {
			found = append(found, d.check(member(schema, "items"), item, fmt.Sprintf("%s.%d", at, i))...)
		}
	case map[string]any:
		kind = "object"
		found = d.checkObject(schema, v, at)
	}
	if schema["type"] != kind {
		return []string{fmt.Sprintf("%s is %s, not %v", at, kind, schema["type"])}
	}
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		return []string{fmt.Sprintf("%s is %v, not one of %v", at, v, enum)}
	}
	return found
}

func (d document) checkObject(schema, v map[string]any, at string) (found []string) {
	if schema["properties"] == nil && schema["additionalProperties"] == nil {
		return nil // an object of somebody else's making, such as a ceremony of navigator.credentials
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, ok := v[name.(string)]; !ok {
			found = append(found, fmt.Sprintf("%s.%s is missing", at, name))
		}
	}
	for name, value := range v {
		inner := member(schema, "properties", name)
		if inner == nil {
			inner = member(schema, "additionalProperties")
		}
		if inner == nil && schema["additionalProperties"] == true {
			continue // it is somebody else's to describe
		}
		if inner == nil {
			found = append(found, at+"."+name+" is not in it")
			continue
		}
		found = append(found, d.check(inner, value, at+"."+name)...)
	}
	return found
}

// example makes a value that the schema allows, with every member.
func (d document) example(schema map[string]any) any {
	schema = d.resolve(schema)
	if enum, ok := schema["enum"].([]any); ok {
		return enum[0]
	}
	switch schema["type"] {
	case "string":
		if schema["format"] == "date-time" {
			return start.Format(time.RFC3339)
		}
		return "text"
	case "boolean":
		return true
	case "integer":
		return 1
	case "array":
		return []any{d.example(member(schema, "items"))}
	case "object":
		v := map[string]any{}
		for name, s := range member(schema, "properties") {
			v[name] = d.example(s.(map[string]any))
		}
		return v
	default:
		if list, ok := schema["anyOf"].([]any); ok {
			return d.example(list[0].(map[string]any))
		}
		return nil
	}
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}
