package web_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// A body has every kind of member that bodies of ours have.
type body struct {
	Email  string     `json:"email"`
	Active *bool      `json:"active,omitempty"`
	Number int        `json:"number,omitempty"`
	Roles  []string   `json:"roles,omitempty"`
	Until  *time.Time `json:"until,omitempty"`
	Inner  struct {
		Name string `json:"name"`
	} `json:"inner"`
}

func decode(text io.Reader, media string) (body, error) {
	r := httptest.NewRequest(http.MethodPost, "/", text)
	r.Header.Set("Content-Type", media)
	var b body
	return b, web.Decode(httptest.NewRecorder(), r, &b)
}

// The member that is wrong is named with the way to it, and what it must be (BUG-26).
func TestDecode(t *testing.T) {
	for _, c := range []struct{ text, member, problem string }{
		{`{"email":"a","active":true,"number":1,"roles":["x"],"inner":{"name":"n"}}`, "", ""},
		{`{}`, "", ""},
		{`{"active":null}`, "active", "must not be null"},
		{`null`, "body", "must not be null"},
		{`{"e mail":1}`, "e mail", "is not known"},
		{`{"inner":{"nome":1}}`, "inner.nome", "is not known"},
		{`{"inner":{"name":1}}`, "inner.name", "must be a string"},
		{`{"inner":{"name":"a","name":"b"}}`, "inner.name", "stands twice"},
		{`{"inner":1}`, "inner", "must be an object"},
		{`{"email":{}}`, "email", "must be a string"},
		{`{"active":"true"}`, "active", "must be true or false"},
		{`{"number":"1"}`, "number", "must be a number"},
		{`{"number":1.5}`, "number", "must be a number"},
		{`{"number":1e99}`, "number", "must be a number"},
		{`{"roles":"x"}`, "roles", "must be a list"},
		{`{"roles":["x",1]}`, "roles.1", "must be a string"},
		{`{"until":"tomorrow"}`, "until", "must be a time, as 2026-01-02T15:04:05Z"},
		{`{"until":1767323045}`, "until", "must be a time, as 2026-01-02T15:04:05Z"},
		{`[]`, "body", "must be an object"},
		{`1`, "body", "must be an object"},
		{`{"email":"a"`, "body", "is not valid JSON"},
		{`{"email":"a"}{`, "body", "is not valid JSON"},
		{"{\"email\":\"\xff\"}", "body", "is not valid JSON"},
		{strings.Repeat(`[`, 20000), "body", "must be an object"},
		{`{"roles":` + strings.Repeat(`[`, 20000), "body", "is not valid JSON"},
	} {
		_, err := decode(strings.NewReader(c.text), "application/json")
		if c.member == "" {
			if err != nil {
				t.Errorf("%s: %v", c.text, err)
			}
			continue
		}
		var e *identity.Error
		if !errors.As(err, &e) || e.Code != "VALIDATION_FAILED" || len(e.Fields) != 1 || e.Fields[c.member] != c.problem {
			t.Errorf("%.60s: %v, want %s %s", c.text, err, c.member, c.problem)
			if e != nil {
				t.Error(e.Fields)
			}
		}
	}
}

// A body that cannot be read to its end is the sender's fault, not ours.
func TestBrokenBody(t *testing.T) {
	_, err := decode(iotest.ErrReader(io.ErrUnexpectedEOF), "application/json")
	if identity.KindOf(err) != identity.Invalid {
		t.Errorf("%v", err)
	}
	_, err = decode(strings.NewReader(strings.Repeat(" ", web.BodyMost+1)), "application/json")
	if identity.CodeOf(err) != "TOO_LARGE" {
		t.Errorf("%v", err)
	}
}

// A form is read as strictly as it can be.
func TestForm(t *testing.T) {
	for _, c := range []struct{ text, media, code, value string }{
		{"a=1&b=2", "application/x-www-form-urlencoded", "", "1"},
		{"a=1&b=2", "application/x-www-form-urlencoded; charset=utf-8", "", "1"},
		{"b=2", "application/x-www-form-urlencoded", "", ""},
		{"a=1&a=2", "application/x-www-form-urlencoded", "VALIDATION_FAILED", ""},
		{"a=%zz", "application/x-www-form-urlencoded", "VALIDATION_FAILED", ""},
		{"a=1", "multipart/form-data; boundary=x", "UNSUPPORTED_MEDIA_TYPE", ""},
		{`{"a":1}`, "application/json", "UNSUPPORTED_MEDIA_TYPE", ""},
		{"a=1", "", "UNSUPPORTED_MEDIA_TYPE", ""},
		{"a=" + strings.Repeat("x", web.BodyMost), "application/x-www-form-urlencoded", "TOO_LARGE", ""},
	} {
		r := httptest.NewRequest(http.MethodPost, "/?a=of+the+query", strings.NewReader(c.text))
		r.Header.Set("Content-Type", c.media)
		err := web.Form(httptest.NewRecorder(), r)
		if identity.CodeOf(err) != c.code || c.code == "" && r.PostForm.Get("a") != c.value {
			t.Errorf("%.30s as %s: %v, a=%s", c.text, c.media, err, r.PostForm.Get("a"))
		}
		if c.code == "" && web.Form(httptest.NewRecorder(), r) != nil {
			t.Errorf("%s: the second reading failed", c.text)
		}
	}
}

// FuzzDecode holds the strict decoder against the lenient one of encoding/json: what it
// takes the other takes too and reads alike, is UTF-8, and has no member twice. It never
// panics, and what it refuses it names.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{"email":"a","active":false,"number":-1,"roles":[],"inner":{"name":""}}`, `{"email":1}`, `{"email":"a","email":"b"}`, `{"Email":"a"}`,
		`{"inner":{"name":"\ud83d\ude00"}}`, `null`, ` `, `{`, "\xff", `{"number":1e400}`, `{"roles":[null]}`, "{\"\\u0065mail\":\"a\"}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := decode(bytes.NewReader(text), "application/json")
		if err != nil {
			var e *identity.Error
			if !errors.As(err, &e) || e.Kind == identity.Internal || e.Kind == identity.Invalid && len(e.Fields) != 1 {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		if len(text) == 0 {
			return
		}
		var want body
		if err := json.Unmarshal(text, &want); err != nil || !reflect.DeepEqual(normal(got), normal(want)) || !utf8.Valid(text) {
			t.Fatalf("%q: %+v, but %+v, %v", text, got, want, err)
		}
	})
}

// normal forgets the difference between an empty list and none.
func normal(b body) body {
	if len(b.Roles) == 0 {
		b.Roles = nil
	}
	b.Roles = slices.Clone(b.Roles)
	return b
}
