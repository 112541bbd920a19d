package identity

import (
	"context"
	"time"
)

// A Principal is who a request comes from, once a scheme has authenticated it. It is the
// subject of every decision and is read by handlers through FromContext.
type Principal struct {
	Scheme      SchemeID // by which the request proved itself
	UserID      UserID   // empty for a client that acts for itself
	ClientID    ClientID // empty for a browser session
	KeyID       KeyID    // the API key that was the credential
	TenantID    TenantID // the organization that the credential is bound to, or the request is about
	SessionID   SessionID
	GrantID     GrantID
	Roles       []string // deployment-wide
	TenantRoles []string // in TenantID; set only where the request is about it (AUZ-21)
	Scopes      []string // nil: not limited by scopes
	AuthTime    time.Time
	AMR         []string
	ACR         string
	// Cookie is true when the credential was a cookie, which browsers send by
	// themselves: the guard then demands proof against forgery (BUG-45).
	Cookie bool
}

// Name returns what the log calls p: its user, the client that acts for itself, or "" for nobody.
func (p *Principal) Name() string {
	switch {
	case p == nil:
		return ""
	case p.UserID != "":
		return string(p.UserID)
	default:
		return string(p.ClientID)
	}
}

// An Origin says where a request comes from. Package web puts it into the context;
// audit and session read it.
type Origin struct {
	RequestID RequestID
	IP        string // of the client, as far as trusted proxies tell it
	UserAgent string // at most 256 bytes
}

type (
	principalKey struct{}
	originKey    struct{}
)

// NewContext returns a context that carries p.
func NewContext(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext returns the principal of the request, nil if there is none.
func FromContext(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}

// WithOrigin returns a context that carries o.
func WithOrigin(ctx context.Context, o *Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf returns where the request comes from, the empty Origin outside a request.
// It must not be changed.
func OriginOf(ctx context.Context) *Origin {
	if o, ok := ctx.Value(originKey{}).(*Origin); ok {
		return o
	}
	return &Origin{}
}
