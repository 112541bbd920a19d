package verify

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
)

// problem is the body of every answer that is an error, as the house writes it.
type problem struct {
	Error      string            `json:"error"`
	Code       string            `json:"code"`
	RequestID  string            `json:"requestId"`
	Fields     map[string]string `json:"fields,omitempty"`
	RetryAfter int               `json:"retryAfter,omitempty"` // seconds
}

var errInternal = &identity.Error{Code: "INTERNAL", Message: "Internal server error"}

var status = map[identity.Kind]int{
	identity.Internal:        http.StatusInternalServerError,
	identity.Invalid:         http.StatusBadRequest,
	identity.Unauthenticated: http.StatusUnauthorized,
	identity.Forbidden:       http.StatusForbidden,
	identity.NotFound:        http.StatusNotFound,
	identity.Conflict:        http.StatusConflict,
	identity.TooMany:         http.StatusTooManyRequests,
	identity.Unavailable:     http.StatusServiceUnavailable,
}

// face turns any error into one that may be shown. The causes stay here (MWS-05).
func face(err error) *identity.Error {
	var e *identity.Error
	if errors.As(err, &e) && e.Code != "" && status[e.Kind] != 0 && e.Kind != identity.Internal {
		return e
	}
	return errInternal
}

// answer writes the answer of an error. The scopes are those that the route demands.
func answer(w http.ResponseWriter, id identity.RequestID, e *identity.Error, scopes []string) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Request-Id", string(id))
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds(e.RetryAfter)))
	}
	if text := challenge(e, scopes); text != "" {
		h.Set("WWW-Authenticate", text)
	}
	w.WriteHeader(status[e.Kind])
	body := problem{e.Message, e.Code, string(id), e.Fields, seconds(e.RetryAfter)}
	_ = json.NewEncoder(w).Encode(body) // the client is gone, or has it
}

// seconds rounds up: a client that waits so long is not refused again.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// legible takes out of a sentence what would end the quotation it stands in.
var legible = strings.NewReplacer(`"`, "'", `\`, "/")

// challenge is the WWW-Authenticate field of a refusal (RFC 6750 section 3, RFC 9470 section 3).
func challenge(e *identity.Error, scopes []string) string {
	const realm = `Bearer realm="gatehouse"`
	describe := func(code string) string {
		return realm + `, error="` + code + `", error_description="` + legible.Replace(e.Message) + `"`
	}
	switch {
	case e.Code == identity.ErrNoCredentials.Code:
		return realm
	case e.Code == identity.ErrStale.Code:
		return describe("insufficient_user_authentication") + ", max_age=" + strconv.Itoa(seconds(e.MaxAge))
	case e.Kind == identity.Unauthenticated:
		return describe("invalid_token")
	case e.Code == identity.ErrScope.Code && len(scopes) > 0:
		return describe("insufficient_scope") + `, scope="` + strings.Join(scopes, " ") + `"`
	case e.Code == identity.ErrScope.Code:
		return describe("insufficient_scope")
	}
	return ""
}
