// Package guardgrpc protects gRPC servers by the rules of package guard.
//
// It owns what a call is to a rule, and what a refusal is to a caller (google.golang.org/grpc/codes).
// It knows no rule of its own: the order of demands, the limits, the audit log and the schemes are
// the guard's.
//
//	doors := guardgrpc.New(gate.Guard(), map[string]guard.Rule{
//		"/blog.Posts/List":   {Public: true},
//		"/blog.Posts/Delete": {Permission: "posts:delete", Owner: author},
//	})
//	server := grpc.NewServer(grpc.UnaryInterceptor(doors.Unary), grpc.StreamInterceptor(doors.Stream))
//	…
//	err := doors.Check(server)
package guardgrpc

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
)

// Doors are the rules of a server. They are made by New.
type Doors struct {
	guard  *guard.Guard
	rules  map[string]*guard.Entrance // by full method: "/blog.Posts/Delete"
	others *guard.Entrance
}

// New returns doors by rules, each by its full method: "/blog.Posts/Delete". A method without a
// rule demands authentication, as the zero Rule says. It panics where a rule demands a permission
// that is not registered. CrossSite has no meaning here: no browser sends what this reads.
func New(g *guard.Guard, rules map[string]guard.Rule) *Doors {
	d := &Doors{guard: g, rules: map[string]*guard.Entrance{}, others: g.Entrance("gRPC", guard.Rule{})}
	for method, rule := range rules {
		d.rules[method] = g.Entrance(method, rule)
	}
	return d
}

// Check returns an error that names every rule whose method the server does not have. Threat: a
// method whose name is misspelt in the rules is open to everybody who is authenticated. Call it
// when all services are registered.
func (d *Doors) Check(server *grpc.Server) error {
	unknown := maps.Clone(d.rules)
	for service, info := range server.GetServiceInfo() {
		for _, method := range info.Methods {
			delete(unknown, "/"+service+"/"+method.Name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	return fmt.Errorf("guardgrpc: the server has no method %s", strings.Join(slices.Sorted(maps.Keys(unknown)), ", "))
}

// Unary is a grpc.UnaryServerInterceptor. The handler finds the caller by identity.FromContext, the
// resource by guard.Loaded.
func (d *Doors) Unary(ctx context.Context, message any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	entrance, r, err := d.admit(context.WithValue(ctx, messageKey{}, message), info.FullMethod)
	if err != nil {
		return nil, err
	}
	answer, err := handler(r.Context(), message)
	entrance.Record(r, err)
	return answer, err
}

// Stream is a grpc.StreamServerInterceptor. The rule is asked once, when the stream begins: one that
// stays open outlives the credential that opened it.
func (d *Doors) Stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	entrance, r, err := d.admit(stream.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	err = handler(server, admitted{stream, r.Context()})
	entrance.Record(r, err)
	return err
}

// admitted is a stream that knows who calls.
type admitted struct {
	grpc.ServerStream
	ctx context.Context //nolint:containedctx // a stream has one
}

// Context implements grpc.ServerStream.
func (a admitted) Context() context.Context { return a.ctx }

type messageKey struct{}

// Message returns the message of the unary call that a request stands for, for the functions of a
// Rule: Message(r.Context()).(*blog.DeleteRequest).GetId(). In a stream it is nil.
func Message(ctx context.Context) any { return ctx.Value(messageKey{}) }

func (d *Doors) admit(ctx context.Context, method string) (*guard.Entrance, *http.Request, error) {
	entrance, ok := d.rules[method]
	if !ok {
		entrance = d.others
	}
	r, err := entrance.Admit(request(ctx, method))
	if err != nil {
		return nil, nil, d.refusal(r, err)
	}
	return entrance, r, nil
}

// read are the metadata that a scheme, or the search for the caller's address, may read. Cookies
// are not among them: no browser sends them here (BUG-45).
var read = []string{"authorization", "x-api-key", "user-agent", "x-forwarded-for"}

// request is a call as the guard knows calls.
func request(ctx context.Context, method string) *http.Request {
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: method}, Proto: "HTTP/2.0", ProtoMajor: 2, Header: http.Header{}, Body: http.NoBody}
	r.Pattern = method
	sent, _ := metadata.FromIncomingContext(ctx)
	for _, name := range read {
		for _, value := range sent.Get(name) {
			r.Header.Add(name, value)
		}
	}
	if from, ok := peer.FromContext(ctx); ok {
		if from.Addr != nil {
			r.RemoteAddr = from.Addr.String()
		}
		if secure, ok := from.AuthInfo.(credentials.TLSInfo); ok {
			r.TLS = &secure.State
		}
	}
	// Threat: what stands between might have put somebody into the context; who calls is for the
	// guard to find out.
	return r.WithContext(identity.NewContext(ctx, nil))
}
