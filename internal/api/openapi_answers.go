package api

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/gatehouse-id/gatehouse/guard"
)

// answers lists the success and every failure that the rule makes possible; "default" is
// for those that only the operation itself knows.
func (s schemas) answers(r guard.Route, reads bool, path string) object {
	success := object{"description": http.StatusText(statusOf(r)), "headers": object{"X-Request-Id": ref("headers", "X-Request-Id")}}
	if r.Rule.Limit.N != 0 {
		success["headers"].(object)["RateLimit"] = ref("headers", "RateLimit")
		success["headers"].(object)["RateLimit-Policy"] = ref("headers", "RateLimit-Policy")
	}
	if r.About.Out != nil {
		success["content"] = content(mediaType(r.About.Out), s.of(reflect.TypeOf(r.About.Out), false))
	}
	list := object{strconv.Itoa(statusOf(r)): success, "default": ref("responses", "Error")}
	for code, possible := range map[int]bool{
		http.StatusBadRequest:            true, // of two Authorization fields, if nothing else
		http.StatusUnauthorized:          !r.Rule.Public || !reads,
		http.StatusForbidden:             !reads || r.Rule.Permission != "",
		http.StatusNotFound:              strings.Contains(path, "{") || r.Rule.Owner != nil,
		http.StatusRequestEntityTooLarge: !reads && r.About.In != nil,
		http.StatusUnsupportedMediaType:  !reads && r.About.In != nil,
		http.StatusTooManyRequests:       r.Rule.Limit.N != 0 || !reads && r.About.In != nil,
		http.StatusInternalServerError:   true,
		http.StatusServiceUnavailable:    true,
	} {
		switch {
		case !possible:
		case r.Rule.Limit.N != 0 && code == http.StatusTooManyRequests:
			list[strconv.Itoa(code)] = ref("responses", "Limited")
		case code == http.StatusTooManyRequests, code == http.StatusServiceUnavailable:
			list[strconv.Itoa(code)] = ref("responses", "Wait")
		default:
			list[strconv.Itoa(code)] = ref("responses", "Error")
		}
	}
	if in, ok := r.About.In.(interface{ answers(list object) }); ok {
		in.answers(list)
	}
	return list
}

func statusOf(r guard.Route) int {
	if r.About.Status == 0 {
		return http.StatusOK
	}
	return r.About.Status
}

// mediaType is the type of an answer, application/json unless its body says otherwise.
func mediaType(body any) string {
	if b, ok := body.(interface{ mediaType() string }); ok {
		return b.mediaType()
	}
	return "application/json"
}

func content(media string, schema object) object { return object{media: object{"schema": schema}} }

func ref(kind, name string) object { return object{"$ref": "#/components/" + kind + "/" + name} }

// headers are the header fields that a client may rely on.
var headers = object{
	"X-Request-Id":     object{"description": "Names this request, for support and for the log.", "schema": object{"type": "string"}},
	"Retry-After":      object{"description": "Seconds until another try is worth it.", "schema": object{"type": "integer"}},
	"RateLimit":        object{"description": "What is left of the limit (draft-ietf-httpapi-ratelimit-headers).", "schema": object{"type": "string"}},
	"RateLimit-Policy": object{"description": "The limit of the route.", "schema": object{"type": "string"}},
}

// responses are the failures that every operation shares.
func responses() object {
	failure := func(description string, names ...string) object {
		sent := object{}
		for _, name := range names {
			sent[name] = ref("headers", name)
		}
		return object{"description": description, "headers": sent, "content": content("application/json", ref("schemas", "Problem"))}
	}
	return object{
		"Error":   failure("The request failed; code says why.", "X-Request-Id"),
		"Wait":    failure("Not now; retryAfter says when.", "X-Request-Id", "Retry-After"),
		"Limited": failure("Too many requests.", "X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"),
	}
}
