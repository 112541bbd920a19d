package guardgrpc

import (
	"context"
	"errors"
	"net/http"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// Domain is that of the ErrorInfo of a refusal, whose Reason is the stable code: "STALE_TOKEN"
// (docs/reference/errors.md).
const Domain = "gatehouse"

var code = map[identity.Kind]codes.Code{
	identity.Invalid:         codes.InvalidArgument,
	identity.Unauthenticated: codes.Unauthenticated,
	identity.Forbidden:       codes.PermissionDenied,
	identity.NotFound:        codes.NotFound,
	identity.Conflict:        codes.FailedPrecondition,
	identity.TooMany:         codes.ResourceExhausted,
	identity.Unavailable:     codes.Unavailable,
	identity.NotAllowed:      codes.Unimplemented,
	identity.TooLarge:        codes.ResourceExhausted,
	identity.Unsupported:     codes.InvalidArgument,
}

// refusal is what the caller is told: no cause (MWS-05). What is no *identity.Error is logged.
func (d *Doors) refusal(r *http.Request, err error) error {
	id := guard.RequestID(r)
	var e *identity.Error
	if !errors.As(err, &e) || e.Kind == identity.Internal {
		e = d.face(r, id, err)
	}
	c, ok := code[e.Kind]
	if !ok {
		c = codes.Internal
	}
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: e.Code, Domain: Domain, Metadata: map[string]string{"requestId": string(id)}}}
	if e.RetryAfter > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(e.RetryAfter)})
	}
	s := status.New(c, e.Message)
	if told, err := s.WithDetails(details...); err == nil {
		s = told
	}
	return s.Err()
}

// face turns what may not be shown into what may.
func (d *Doors) face(r *http.Request, id identity.RequestID, err error) *identity.Error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return identity.ErrUnavailable.In(time.Second)
	}
	if log := d.guard.Site.Log; log != nil {
		log.ErrorContext(r.Context(), "call failed", "method", r.URL.Path, "requestId", id, "err", err)
	}
	return &identity.Error{Code: "INTERNAL", Message: "Internal server error"}
}
