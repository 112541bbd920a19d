package api

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// schemas are the named types of bodies, in the JSON Schema of OpenAPI 3.1.
type schemas object

// special are the types whose JSON does not follow from their kind.
var special = map[reflect.Type]object{
	reflect.TypeFor[time.Time]():       {"type": "string", "format": "date-time"},
	reflect.TypeFor[json.RawMessage](): {"type": "object", "additionalProperties": true}, // as W3C describes it
	reflect.TypeFor[identity.Mode](): {"type": "string", "enum": []identity.Mode{
		identity.ModeToken, identity.ModeCookie, identity.ModeCookieToken, identity.ModeNative,
	}},
}

// of returns the schema of a type. Strict is for what comes in: of it no other members are
// accepted, while answers may gain some.
func (s schemas) of(t reflect.Type, strict bool) object {
	if known, ok := special[t]; ok {
		return known
	}
	switch t.Kind() { //nolint:exhaustive // the default is for what no body has
	case reflect.Pointer:
		return nullable(s.of(t.Elem(), strict))
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": s.of(t.Elem(), strict)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem(), strict)}
	case reflect.Struct:
		return s.structure(t, strict)
	default:
		panic("openapi: no schema for " + t.String())
	}
}

// structure names the type where it has a name, and spells it out where it has none.
func (s schemas) structure(t reflect.Type, strict bool) object {
	name := nameOf(t)
	if name == "" {
		return s.spell(t, strict)
	}
	if s[name] == nil {
		s[name] = object{} // a type may hold itself
		s[name] = s.spell(t, strict)
	}
	return ref("schemas", name)
}

func (s schemas) spell(t reflect.Type, strict bool) object {
	properties, required := object{}, []string{}
	for _, m := range members(t) {
		schema := s.of(m.Type, strict)
		if m.optional && m.Type.Kind() == reflect.Pointer {
			schema = s.of(m.Type.Elem(), strict) // left out rather than null
		}
		properties[m.name] = schema
		if !m.optional {
			required = append(required, m.name)
		}
	}
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	if strict {
		schema["additionalProperties"] = false
	}
	return schema
}

func nullable(schema object) object {
	return object{"anyOf": []object{schema, {"type": "null"}}}
}

// A member is a field of a body as JSON knows it.
type member struct {
	reflect.StructField
	name     string
	optional bool
}

// members returns the fields of a struct and of those embedded in it, as encoding/json sees
// them.
func members(t reflect.Type) (list []member) {
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.Anonymous && name != "" && name != "-" {
			list = append(list, member{f, name, strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")})
		}
	}
	return list
}

// nameOf is "SignIn" for signInBody, "DevicePage" for page[deviceBody], "" for a type
// without a name.
func nameOf(t reflect.Type) string {
	name, of, generic := strings.Cut(t.Name(), "[")
	if generic {
		of = of[strings.LastIndexByte(of, '.')+1:]
		name = strings.TrimSuffix(strings.TrimSuffix(of, "]"), "Body") + capital(name)
	}
	if name == "" {
		return ""
	}
	return capital(strings.TrimSuffix(name, "Body"))
}
