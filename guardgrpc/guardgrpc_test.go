package guardgrpc_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/guardgrpc"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/test/house"
	"github.com/gatehouse-id/gatehouse/throttle"
)

const (
	check = "/grpc.health.v1.Health/Check"
	watch = "/grpc.health.v1.Health/Watch"
)

// A service answers whatever it is asked, and notes for whom.
type service struct {
	grpc_health_v1.UnimplementedHealthServer
	caller *identity.Principal
	loaded string
	fault  error
}

func (s *service) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	s.caller, s.loaded = identity.FromContext(ctx), guard.Loaded[string](ctx)
	return &grpc_health_v1.HealthCheckResponse{}, s.fault
}

func (s *service) Watch(_ *grpc_health_v1.HealthCheckRequest, stream grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	s.caller = identity.FromContext(stream.Context())
	return stream.Send(&grpc_health_v1.HealthCheckResponse{})
}

// A fixture is a real house, and a server whose rule the test chooses.
type fixture struct {
	*house.House
	*service
	people map[string]identity.UserID
	tokens map[string]string
	secure []grpc.ServerOption
	dial   credentials.TransportCredentials
}

func open(t *testing.T, options ...func(*gatehouse.Config)) *fixture {
	f := &fixture{service: &service{}, people: map[string]identity.UserID{}, tokens: map[string]string{}, dial: insecure.NewCredentials()}
	f.House = house.Open(t, sqldbtest.SQLite(t), append(options, func(c *gatehouse.Config) {
		c.Policy = &policy.File{Roles: map[string][]policy.Permission{"user": {"posts:delete:own"}, "editor": {"posts:delete"}}}
	})...)
	for name, roles := range map[string][]string{"ada": nil, "eve": {"editor"}} {
		user, err := f.CreateUser(t.Context(), account.NewUser{Email: name + "@example.com", Verified: true, Roles: roles}, house.Passphrase)
		f.Must(err)
		out, err := f.Finish(t.Context(), authn.Answer{
			Method: authn.Password, Start: authn.Start{Mode: identity.ModeNative},
			Input: authn.Input{Email: name + "@example.com", Password: house.Passphrase},
		})
		f.Must(err)
		f.people[name], f.tokens[name] = user.ID, out.SignedIn.Access
	}
	return f
}

// serve serves by rules, over a real connection.
func (f *fixture) serve(rules map[string]guard.Rule, before ...grpc.UnaryServerInterceptor) grpc_health_v1.HealthClient {
	f.Helper()
	doors := guardgrpc.New(f.Gate.Guard(), rules)
	server := grpc.NewServer(append(f.secure, grpc.ChainUnaryInterceptor(append(before, doors.Unary)...), grpc.StreamInterceptor(doors.Stream))...)
	grpc_health_v1.RegisterHealthServer(server, f.service)
	f.Must(doors.Check(server))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	f.Must(err)
	go func() { _ = server.Serve(l) }()
	f.Cleanup(server.Stop)
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(f.dial))
	f.Must(err)
	f.Cleanup(func() { _ = conn.Close() })
	return grpc_health_v1.NewHealthClient(conn)
}

// by puts metadata on a call.
func (f *fixture) by(pairs ...string) context.Context {
	return metadata.AppendToOutgoingContext(f.Context(), pairs...)
}

func (f *fixture) bearer(name string) context.Context {
	return f.by("authorization", "Bearer "+f.tokens[name])
}

// is fails unless err has the code and, in its detail, the stable code and the request's ID.
func (f *fixture) is(what string, err error, want codes.Code, stable string) *status.Status {
	f.Helper()
	s := status.Convert(err)
	if s.Code() != want {
		f.Errorf("%s: %v, want %v", what, err, want)
	}
	if want == codes.OK {
		return s
	}
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.Reason == stable && info.Domain == guardgrpc.Domain && strings.HasPrefix(info.Metadata["requestId"], "req_") {
			return s
		}
	}
	f.Errorf("%s: %v has %v, want %s", what, err, s.Details(), stable)
	return s
}

func post(f *fixture) guard.OwnerFunc {
	return func(r *http.Request) (policy.Resource, error) {
		name := guardgrpc.Message(r.Context()).(*grpc_health_v1.HealthCheckRequest).GetService()
		if f.people[name] == "" {
			return policy.Resource{}, identity.ErrNotFound
		}
		return policy.Resource{Owner: f.people[name], Value: name}, nil
	}
}

// Every refusal of a unary call, with the codes of gRPC (GEN-03, AUZ-17).
func TestUnary(t *testing.T) {
	f := open(t)
	key := guard.Rule{Schemes: []identity.SchemeID{identity.SchemeAPIKey}}
	owned := guard.Rule{Permission: "posts:delete", Owner: post(f)}
	for _, c := range []struct {
		what, service string
		rule          guard.Rule
		ctx           context.Context
		code          codes.Code
		stable        string
	}{
		{"nobody", "", guard.Rule{}, f.by(), codes.Unauthenticated, "NO_CREDENTIALS"},
		{"malformed", "", guard.Rule{}, f.by("authorization", "Bearer x"), codes.Unauthenticated, "INVALID_TOKEN"},
		{"twice", "", guard.Rule{}, f.by("authorization", "Bearer x", "authorization", "Bearer y"), codes.InvalidArgument, "VALIDATION_FAILED"},
		{"a key that is none", "", guard.Rule{}, f.by("x-api-key", "x"), codes.Unauthenticated, "INVALID_API_KEY"},
		{"a cookie", "", guard.Rule{}, f.by("cookie", "session=x; accessToken="+f.tokens["ada"]), codes.Unauthenticated, "NO_CREDENTIALS"},
		{"somebody", "", guard.Rule{}, f.bearer("ada"), codes.OK, ""},
		{"public", "", guard.Rule{Public: true}, f.by(), codes.OK, ""},
		{"another scheme", "", key, f.bearer("ada"), codes.PermissionDenied, "INSUFFICIENT_SCOPE"},
		{"no permission", "", guard.Rule{Permission: "posts:delete"}, f.bearer("ada"), codes.PermissionDenied, "INSUFFICIENT_PERMISSIONS"},
		{"own", "ada", owned, f.bearer("ada"), codes.OK, ""},
		{"somebody else's", "eve", owned, f.bearer("ada"), codes.NotFound, "NOT_FOUND"},
		{"absent", "nobody", owned, f.bearer("eve"), codes.NotFound, "NOT_FOUND"},
		{"any", "ada", owned, f.bearer("eve"), codes.OK, ""},
		{"a fault", "", guard.Rule{Condition: func(*http.Request) error { return errors.New("boom") }}, f.bearer("ada"), codes.Internal, "INTERNAL"},
		{"an outage", "", guard.Rule{Condition: func(*http.Request) error { return identity.ErrUnavailable }}, f.bearer("ada"), codes.Unavailable, "UNAVAILABLE"},
	} {
		f.caller, f.loaded = nil, ""
		_, err := f.serve(map[string]guard.Rule{check: c.rule}).Check(c.ctx, &grpc_health_v1.HealthCheckRequest{Service: c.service})
		s := f.is(c.what, err, c.code, c.stable)
		if strings.Contains(s.Message(), "boom") {
			t.Errorf("%s: %s", c.what, s.Message())
		}
		if ran := f.caller != nil; ran != (c.code == codes.OK && !c.rule.Public) || f.loaded != c.service && c.code == codes.OK {
			t.Errorf("%s: the handler was called for %+v, with %q", c.what, f.caller, f.loaded)
		}
	}
}

// What expires, grows stale and is asked too often; and what is recorded.
func TestTimeAndLog(t *testing.T) {
	f := open(t)
	f.is("by default", second(f.serve(nil).Check(f.by(), &grpc_health_v1.HealthCheckRequest{})), codes.Unauthenticated, "NO_CREDENTIALS")
	limited := f.serve(map[string]guard.Rule{check: {Public: true, Limit: throttle.Rate{N: 1, Per: time.Minute}}})
	f.is("once", second(limited.Check(f.by(), &grpc_health_v1.HealthCheckRequest{})), codes.OK, "")
	s := f.is("twice", second(limited.Check(f.by(), &grpc_health_v1.HealthCheckRequest{})), codes.ResourceExhausted, "RATE_LIMITED")
	if d := s.Details(); len(d) != 2 || d[1].(*errdetails.RetryInfo).GetRetryDelay().AsDuration() != time.Minute {
		t.Errorf("%v", d)
	}
	client := f.serve(map[string]guard.Rule{check: {Fresh: 5 * time.Minute, Audit: "health.checked"}})
	f.is("fresh", second(client.Check(f.bearer("ada"), &grpc_health_v1.HealthCheckRequest{})), codes.OK, "")
	f.fault = errors.New("it failed")
	_, _ = client.Check(f.bearer("ada"), &grpc_health_v1.HealthCheckRequest{})
	f.Wait(6 * time.Minute)
	f.is("stale", second(client.Check(f.bearer("ada"), &grpc_health_v1.HealthCheckRequest{})), codes.Unauthenticated, "STALE_TOKEN")
	f.Wait(10 * time.Minute)
	f.is("expired", second(client.Check(f.bearer("ada"), &grpc_health_v1.HealthCheckRequest{})), codes.Unauthenticated, "TOKEN_EXPIRED")
	for kind, n := range map[string]int{"health.checked": 2, identity.EventAccessDenied: 1} {
		list, _, err := f.Gate.Log.List(t.Context(), audit.Query{Type: kind})
		f.Must(err)
		if len(list) != n || list[0].Actor != string(f.people["ada"]) || list[0].Data["route"] != check || list[0].IP != "127.0.0.1" {
			t.Errorf("%s: %+v", kind, list)
		}
	}
}

func second(_ any, err error) error { return err }

// A stream is judged when it begins, and knows who calls.
func TestStream(t *testing.T) {
	f := open(t)
	client := f.serve(map[string]guard.Rule{watch: {Permission: "posts:delete"}})
	for _, c := range []struct {
		what   string
		ctx    context.Context
		code   codes.Code
		stable string
	}{
		{"nobody", f.by(), codes.Unauthenticated, "NO_CREDENTIALS"},
		{"who may not", f.bearer("ada"), codes.PermissionDenied, "INSUFFICIENT_PERMISSIONS"},
		{"who may", f.bearer("eve"), codes.OK, ""},
	} {
		stream, err := client.Watch(c.ctx, &grpc_health_v1.HealthCheckRequest{})
		f.Must(err)
		_, err = stream.Recv()
		f.is(c.what, err, c.code, c.stable)
	}
	if f.caller == nil || f.caller.UserID != f.people["eve"] {
		t.Errorf("%+v", f.caller)
	}
}

// A principal that another interceptor put into the context is not believed; a rule for a method
// that there is not is found.
func TestMistakes(t *testing.T) {
	f := open(t)
	smuggle := func(ctx context.Context, message any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return next(identity.NewContext(ctx, &identity.Principal{UserID: "usr_eve", Roles: []string{"admin"}}), message)
	}
	client := f.serve(map[string]guard.Rule{check: {Public: true}}, smuggle)
	f.is("public", second(client.Check(f.by(), &grpc_health_v1.HealthCheckRequest{})), codes.OK, "")
	if f.caller != nil {
		t.Errorf("the handler was called for %+v", f.caller)
	}
	err := guardgrpc.New(f.Gate.Guard(), map[string]guard.Rule{"/grpc.health.v1.Health/Chekc": {}, check: {}}).Check(grpc.NewServer())
	if err == nil || !strings.Contains(err.Error(), "/grpc.health.v1.Health/Chekc, ") && !strings.Contains(err.Error(), ", /grpc.health.v1.Health/Chekc") {
		t.Errorf("%v", err)
	}
}
