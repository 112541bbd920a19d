package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
)

// A Config says how tokens are checked. The zero Config is right for an application that accepts
// what the house hands to its own applications.
type Config struct {
	// Audience is whom tokens must be meant for; "" is the issuer, as in every token that the
	// house makes for the applications of its own deployment.
	Audience string
	// Leeway is how far the clocks of the issuer and of this machine may differ, five minutes at
	// the most; 0 is a minute, and less than 0 is none.
	Leeway time.Duration
	// ClientID and ClientSecret are how the issuer knows who asks whether a token still stands
	// (RFC 7662 section 2.1). Only Demand.Introspect needs them.
	ClientID     identity.ClientID
	ClientSecret string
	// Remember is how long the answer that a token still stands may be used again, ten seconds at
	// the most; 0 asks each time. A revocation is late by as much. A no is never remembered.
	Remember time.Duration
	// HTTPClient asks the issuer; nil: one of our own. Whichever it is, it follows no redirect,
	// keeps no cookie and waits five seconds.
	HTTPClient *http.Client
	Now        func() time.Time // nil: time.Now
	Logger     *slog.Logger     // nil: slog.Default
}

const (
	defaultLeeway = time.Minute
	maxLeeway     = 5 * time.Minute
	maxRemember   = 10 * time.Second
	maxToken      = 16 << 10 // bytes, as package jose bounds it
)

// A Verifier checks the tokens of one issuer. It is made by New and safe for concurrent use; it
// runs nothing in the background that would have to be closed.
type Verifier struct {
	config Config
	leeway int64 // seconds
	source *source
	seen   generations[sighting]
	stands generations[time.Time] // tokens that the issuer said yes to, until when that counts
}

// A sighting is a token whose signature was found good, and the key that made it.
type sighting struct {
	claims *claims // never changed
	key    *jose.Key
}

// New returns a Verifier for the tokens of an issuer, whose URL must be written exactly as the
// issuer writes it. It calls nobody: the issuer is asked when the first token comes, or by Open.
// The URL must be https; http is for this machine alone.
func New(issuer string, c Config) (*Verifier, error) {
	at, err := parseIssuer(issuer)
	if err != nil {
		return nil, fmt.Errorf("verify: issuer %q: %w", issuer, err)
	}
	switch {
	case c.Leeway > maxLeeway:
		return nil, fmt.Errorf("verify: Config.Leeway is %v, the most is %v", c.Leeway, maxLeeway)
	case c.Remember < 0 || c.Remember > maxRemember:
		return nil, fmt.Errorf("verify: Config.Remember is %v, the most is %v", c.Remember, maxRemember)
	case (c.ClientID == "") != (c.ClientSecret == ""):
		return nil, errors.New("verify: Config needs both ClientID and ClientSecret, or neither")
	}
	c.Audience = cmp.Or(c.Audience, issuer)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	leeway := max(cmp.Or(c.Leeway, defaultLeeway), 0)
	s := &source{issuer: issuer, at: at, http: client(c.HTTPClient), now: c.Now, log: c.Logger}
	return &Verifier{config: c, leeway: int64(leeway / time.Second), source: s}, nil
}

// Open asks the issuer for its document and its keys now, so that a wrong URL is found when the
// program starts and not when the first token comes. It returns identity.ErrUnavailable with the
// cause. A program that must start while the issuer is down leaves it out.
func (v *Verifier) Open(ctx context.Context) error {
	_, err := v.source.known(ctx, v.config.Now())
	return err
}

// Verify returns who a token speaks for. It asks nobody whether the token still stands: see
// Introspect. The error is identity.ErrInvalidToken, identity.ErrTokenExpired, or, where the
// keys of the issuer are not to be had, identity.ErrUnavailable.
func (v *Verifier) Verify(ctx context.Context, token string) (*identity.Principal, error) {
	c, err := v.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	return c.caller(), nil
}

// verify checks signature, type, issuer, audience and times (RFC 9068 section 4).
func (v *Verifier) verify(ctx context.Context, token string) (*claims, error) {
	at := v.config.Now()
	c, err := v.authentic(ctx, token, at)
	if err != nil {
		return nil, err
	}
	now := at.Unix()
	switch {
	case c.Issuer != v.source.issuer:
		return nil, invalid("another issuer")
	case !c.Audience.has(v.config.Audience):
		return nil, invalid("meant for another audience")
	case c.Subject == "", c.ID == "", c.Expires == 0, c.IssuedAt == 0:
		return nil, invalid("sub, jti, exp or iat is missing")
	case c.IssuedAt-v.leeway > now, c.NotBefore-v.leeway > now:
		return nil, invalid("not valid yet")
	case now-v.leeway >= c.Expires:
		return nil, identity.ErrTokenExpired
	}
	return c, nil
}

// authentic returns the claims of a token that the issuer signed. A signature that was found good
// stays good while its key is in the issuer's set, so it is checked once; everything else is
// checked each time.
func (v *Verifier) authentic(ctx context.Context, token string, at time.Time) (*claims, error) {
	if len(token) > maxToken {
		return nil, invalid("too long")
	}
	issuer, err := v.source.known(ctx, at)
	if err != nil {
		return nil, err
	}
	id := fingerprint(token)
	if s, ok := v.seen.get(id); ok && issuer.keys[s.key.ID] == s.key {
		return s.claims, nil
	}
	text, key, err := issuer.verify(token)
	if errors.Is(err, jose.ErrUnknownKey) {
		if issuer, err = v.source.learn(ctx); err != nil {
			return nil, err
		}
		text, key, err = issuer.verify(token)
	}
	if err != nil {
		return nil, identity.ErrInvalidToken.Because(err)
	}
	c, err := parseClaims(text)
	if err != nil {
		return nil, identity.ErrInvalidToken.Because(err)
	}
	v.seen.put(id, sighting{c, key})
	return c, nil
}

// verify checks the signature of a token by the keys of the issuer. Which algorithm a key is for
// is the key's to say, and a set of public keys holds none for HS256.
func (k *knowledge) verify(token string) ([]byte, *jose.Key, error) {
	return jose.Verify(token, jose.Expect{Types: []string{"at+jwt"}, Key: func(kid string) *jose.Key { return k.keys[kid] }})
}

func invalid(why string) error { return identity.ErrInvalidToken.Because(reason(why)) }

// A reason is for the log only.
type reason string

func (r reason) Error() string { return string(r) }

// read finds the token of a request: "" where it has none. The scheme's name is compared as
// RFC 9110 section 11.1 says, without case, and nothing but one token may follow it (BUG-11).
// Of two fields each could be the credential: neither is.
func read(r *http.Request) (token string, err error) {
	fields := r.Header["Authorization"]
	switch {
	case len(fields) > 1:
		return "", identity.ErrInvalid.With("Authorization", "stands twice")
	case len(fields) == 0 || fields[0] == "":
		return "", nil
	}
	scheme, token, _ := strings.Cut(fields[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t,") {
		return "", invalid("the field Authorization holds no bearer token")
	}
	return token, nil
}
