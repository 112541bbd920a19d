package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/gatehouse-id/gatehouse/identity"
)

// BodyMost is how long a body may be, in bytes.
const BodyMost = 64 << 10

var (
	errTooLarge    = &identity.Error{Kind: identity.TooLarge, Code: "TOO_LARGE", Message: "The body is too large."}
	errUnsupported = &identity.Error{Kind: identity.Unsupported, Code: "UNSUPPORTED_MEDIA_TYPE", Message: "The body must be application/json."}
	errFormType    = &identity.Error{Kind: identity.Unsupported, Code: "UNSUPPORTED_MEDIA_TYPE", Message: "The body must be a form."}
)

// Bound refuses a body that says that it is longer than BodyMost, without reading it, and cuts one
// off that turns out to be. No route takes more.
func Bound(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength > BodyMost {
		return errTooLarge
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, BodyMost)
	}
	return nil
}

// Decode reads a JSON body into v, a pointer to a struct. A member that v does not have,
// one that stands twice, one of the wrong type, anything behind the object, a body over 64
// KiB: each is refused, naming the member (BUG-26). An empty body is an empty object.
func Decode(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := read(w, r, "application/json", errUnsupported)
	if err != nil || len(body) == 0 {
		return err
	}
	if member, ok := nothing(body); ok {
		return identity.ErrInvalid.With(member, "must not be null")
	}
	err = json.Unmarshal(body, v, json.RejectUnknownMembers(true), json.MatchCaseInsensitiveNames(false))
	if err == nil {
		return nil
	}
	return identity.ErrInvalid.Because(err).With(problem(err))
}

// nothing finds a member of the body, or the body itself, that is null: it would pass as
// whatever type was asked for. What is not JSON at all is left to the decoder.
func nothing(body []byte) (member string, ok bool) {
	for d := jsontext.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.ReadToken()
		if err != nil {
			return "", false
		}
		if token.Kind() == 'n' && d.StackDepth() <= 1 {
			return name(d.StackPointer()), true
		}
	}
}

func read(w http.ResponseWriter, r *http.Request, want string, refusal *identity.Error) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "" {
		return nil, errUnsupported
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, BodyMost))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, errTooLarge
		}
		return nil, identity.ErrInvalid.Because(err).With("body", "could not be read")
	}
	if len(body) == 0 && r.Header.Get("Content-Type") == "" {
		return nil, nil
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := strings.ToLower(params["charset"]); err != nil || media != want || charset != "" && charset != "utf-8" {
		return nil, refusal
	}
	return body, nil
}

// problem names the member that an error of decoding is about, and what is wrong with it.
func problem(err error) (member, sentence string) {
	var syntax *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName):
		return name(syntax.JSONPointer), "stands twice"
	case errors.As(err, &semantic) && errors.Is(err, json.ErrUnknownName):
		return name(semantic.JSONPointer), "is not known"
	case errors.As(err, &semantic) && semantic.GoType != nil:
		return name(semantic.JSONPointer), "must be " + kind(semantic.GoType)
	default:
		return "body", "is not valid JSON"
	}
}

func name(p jsontext.Pointer) string {
	if p == "" {
		return "body"
	}
	return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}

func kind(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == reflect.TypeFor[time.Time]() { // a struct for Go, a string for whoever writes it
		return "a time, as 2026-01-02T15:04:05Z"
	}
	switch t.Kind() { //nolint:exhaustive // the default says it for the rest
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a number"
	}
}

// Form reads the body of a form, at most 64 KiB. A field that stands twice is refused, and
// whoever asks again gets the same answer.
func Form(w http.ResponseWriter, r *http.Request) error {
	if r.PostForm != nil {
		return nil
	}
	err := parseForm(w, r)
	if err != nil {
		r.Form, r.PostForm, r.Body = nil, nil, refused{err} // not the half that could be read
	}
	return err
}

func parseForm(w http.ResponseWriter, r *http.Request) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" || r.Header.Get("Content-Encoding") != "" {
		return errFormType
	}
	r.Body = http.MaxBytesReader(w, r.Body, BodyMost)
	if err := r.ParseForm(); err != nil {
		var known *identity.Error
		var tooLarge *http.MaxBytesError
		switch {
		case errors.As(err, &known):
			return known
		case errors.As(err, &tooLarge):
			return errTooLarge
		default:
			return identity.ErrInvalid.Because(err)
		}
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return identity.ErrInvalid.With(name, "stands twice")
		}
	}
	return nil
}

// A refused body says again why it was.
type refused struct{ err error }

func (r refused) Read([]byte) (int, error) { return 0, r.err }
func (r refused) Close() error             { return nil }
