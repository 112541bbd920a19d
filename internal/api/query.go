package api

import (
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/identity"
)

// A listing is the query of every list: how much of it, and from where on.
type listing struct {
	Limit  int    `json:"limit,omitempty"` // at most 200; 0 leaves it to whoever lists
	Cursor string `json:"cursor,omitempty"`
}

type userQuery struct {
	listing
	Search string `json:"search,omitempty"`
}

type historyQuery struct {
	listing
	Type string `json:"type,omitempty"`
}

type eventQuery struct {
	historyQuery
	Subject identity.UserID `json:"subject,omitempty"`
}

// query reads the parameters of a request into the members of v, a pointer to a struct.
func query(r *http.Request, v any) error {
	sent, into := r.URL.Query(), reflect.ValueOf(v).Elem()
	for _, m := range members(into.Type()) {
		text := sent.Get(m.name)
		// PostgreSQL does not look for what it cannot keep: it fails.
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return identity.ErrInvalid.With(m.name, "has characters that nothing of ours has")
		}
		if m.Type.Kind() == reflect.String {
			into.FieldByIndex(m.Index).SetString(text)
			continue
		}
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 200 {
			return identity.ErrInvalid.With(m.name, "must be a number from 1 to 200")
		}
		into.FieldByIndex(m.Index).SetInt(int64(n))
	}
	return nil
}

// legible returns identity.ErrNotFound for an ID that nothing of ours could have. PostgreSQL does
// not look for it: it fails.
func legible[T ~string](id T) error {
	if strings.ContainsRune(string(id), 0) {
		return identity.ErrNotFound
	}
	return nil
}

// exactly reads a query into the members of v, a pointer to a struct of strings, which may stand
// once, and of lists of them. It refuses what v has no member for: a demand that is misspelt must
// not be one that is never made.
func exactly(raw string, v any) error {
	sent, err := url.ParseQuery(raw)
	if err != nil {
		return identity.ErrInvalid.With("query", "is malformed")
	}
	into := reflect.ValueOf(v).Elem()
	for _, m := range members(into.Type()) {
		values, field := sent[m.name], into.FieldByIndex(m.Index)
		delete(sent, m.name)
		for _, text := range values {
			switch {
			case text == "":
				return identity.ErrInvalid.With(m.name, "is empty")
			case !utf8.ValidString(text) || strings.ContainsRune(text, 0): // PostgreSQL would fail
				return identity.ErrInvalid.With(m.name, "has characters that nothing of ours has")
			case field.Kind() == reflect.Slice:
				field.Set(reflect.Append(field, reflect.ValueOf(text)))
			case field.Len() > 0:
				return identity.ErrInvalid.With(m.name, "stands twice")
			default:
				field.SetString(text)
			}
		}
	}
	for name := range sent {
		return identity.ErrInvalid.With(name, "is not known")
	}
	return nil
}
