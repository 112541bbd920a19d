package identity

import (
	"errors"
	"maps"
	"time"
)

// A Kind says how a caller should react to an error.
type Kind uint8

// The kinds. Package web gives each its HTTP status.
const (
	Internal        Kind = iota // the zero Kind: a bug or an outage; details stay in the log
	Invalid                     // the request is malformed
	Unauthenticated             // prove who you are, perhaps again
	Forbidden                   // you may not
	NotFound                    // no such thing, or none that you may know of
	Conflict                    // the state does not allow it
	TooMany                     // slow down
	Unavailable                 // overloaded or cut off; try again later
	NotAllowed                  // the path is known, the method is not
	TooLarge                    // the body is larger than the route takes
	Unsupported                 // the body is of a type that the route does not take
)

// An Error is a failure with a face to show and a cause to log. The zero Error is an
// internal failure that says nothing.
type Error struct {
	Kind       Kind
	Code       string            // stable and machine-readable: "INVALID_CREDENTIALS"
	Message    string            // a sentence, safe to show to anyone
	Fields     map[string]string // what is wrong with which member of the body; may be nil
	RetryAfter time.Duration     // when it is worth trying again; zero says nothing
	MaxAge     time.Duration     // how recent a proof must be (RFC 9470 max_age); zero says nothing
	ACR        string            // the assurance that proofs must reach (RFC 9470 acr_values); "" says nothing
	Challenges []string          // how to prove oneself here (RFC 9110 section 11.6.1); nil: as anywhere in the house
	Onward     *Onward           // how a sign-in that stopped goes on; nil: it does not
	Err        error             // for the log only
}

// An Onward is a sign-in that stopped because something must be set up first.
type Onward struct {
	Login     string        // the handle to come back with
	Enroll    []MethodID    // any of these will do
	ExpiresIn time.Duration // of the handle
}

// Error implements error. The text is for logs; clients see Message.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Code + ": " + e.Err.Error()
	}
	return e.Code
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is compares codes, so that a copy with a cause is still the same error.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// Because returns a copy of e that carries cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.Err = cause
	return &c
}

// In returns a copy of e that asks the caller to wait for d.
func (e *Error) In(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// With returns a copy of e that says what is wrong with one member of the body.
func (e *Error) With(field, problem string) *Error {
	c := *e
	c.Fields = maps.Clone(e.Fields)
	if c.Fields == nil {
		c.Fields = map[string]string{}
	}
	c.Fields[field] = problem
	return &c
}

// CodeOf returns the stable code of err: "" for nil, "INTERNAL" for what is no *Error.
func CodeOf(err error) string {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e) && e.Code != "":
		return e.Code
	default:
		return "INTERNAL"
	}
}

// KindOf returns the kind of err, Internal for what is no *Error.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
