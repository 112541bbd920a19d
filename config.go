package gatehouse

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/outbound"
	"github.com/gatehouse-id/gatehouse/internal/password"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/web"
	"github.com/gatehouse-id/gatehouse/keyring"
	"github.com/gatehouse-id/gatehouse/policy"
)

// Names of what a Config is filled with, for programs that cannot import them.
type (
	// A Mailer delivers mail. SMTP is one.
	Mailer = notify.Sender
	// A Mail is what a Mailer is given. It may carry secrets: never log it.
	Mail = notify.Message
	// SMTP delivers mail to a server; its zero TLS demands STARTTLS.
	SMTP = notify.SMTP
	// PasswordCost is the cost of argon2id; zero is 64 MiB, 3 passes, 1 lane.
	PasswordCost = password.Params
	// Outbound says what may be called of the addresses that users and tenants choose; zero is
	// the internet, by https.
	Outbound = outbound.Client
	// Database is what sqlite.Open and postgres.Open return.
	Database = sqldb.DB
)

// A Config says what the house is made of. DB, PublicURL and MasterKey are required, and a
// Mailer unless Unverified is set.
type Config struct {
	DB *Database
	// PublicURL is where browsers reach the house: "https://id.example.com", or with the
	// path under which it is mounted. Cookies, links and the issuer rest on it.
	PublicURL string
	// MasterKey is 32 bytes that live outside the database; MasterKeyFile keeps one.
	MasterKey []byte
	// Mailer delivers mail.
	Mailer Mailer
	// Texter delivers text messages, which method/sms sends; sms.Twilio is one. nil: nobody.
	Texter Mailer
	// Unverified lets people in whose address nobody has proved: for closed networks.
	Unverified bool

	// Product is the name that pages and mails show. "" means the host of PublicURL, or
	// Gatehouse where that is this machine.
	Product string
	// Policy says which permissions and roles there are, and what they mean; policy.Read reads
	// one from a file. nil: the one that is stored in the database, or the built-in roles alone.
	Policy *policy.File
	// Methods are more ways to sign in than the house's own.
	Methods []authn.Method
	// Schemes are more ways to authenticate a request than the house's own.
	Schemes []guard.Scheme
	// Origins may call the API with credentials from other origins of the same site.
	Origins []string
	// ServiceRoots are the authorities whose certificates prove services (mTLS); nil: none. They
	// are for services only: whoever has a certificate of one is who its URI names.
	ServiceRoots *x509.CertPool
	// ServiceHeader is the field in which trusted proxies hand on the certificates of services,
	// "Client-Cert"; "": in none. They must replace it in every request.
	ServiceHeader string
	// Posture says how the device of a request is kept, for the conditions of the policy; nil:
	// nothing is known of it. It must believe only what was proved.
	Posture func(*http.Request) string
	// Applications are the origins of applications on other hosts, for which a proxy asks
	// GET /auth/check.
	Applications []string
	// TestKeys makes API keys that begin with sk_test_ and takes no others: for a deployment whose
	// keys may be shown around. The rest have sk_live_.
	TestKeys bool
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix

	// Outbound is how webhooks leave.
	Outbound Outbound

	// Algorithm signs access tokens: ES256 (the default), RS256, EdDSA or HS256.
	Algorithm jose.Algorithm
	// AccessTokenLife is how long an access token lives; 0 means 15 minutes, 50 is the most.
	AccessTokenLife time.Duration
	// PermissionsInTokens lets access tokens tell what their roles may do, for services that ask
	// nobody. They grow, and tell of a policy that changes meanwhile only after a refresh (AUZ-11).
	PermissionsInTokens bool
	// Lifetimes says how long sign-ins last.
	Lifetimes authn.Lifetimes
	// Limits says how many failures are allowed.
	Limits authn.Limits
	// Passkeys and TOTP say how passkeys and authenticator applications are set up.
	Passkeys Passkeys
	TOTP     TOTP
	// Proofs says which proofs are enough to sign in; authn.HighSecurity is a strict choice.
	Proofs authn.Policy
	// Passwords says how passwords are hashed and which are strong enough.
	Passwords Passwords
	// RotateKeys is how often the keys rotate by themselves; 0 means every 90 days.
	RotateKeys time.Duration

	// Ephemeral counts attempts; nil means in memory, which is enough for one machine.
	Ephemeral ephemeral.Store
	// Logger takes the log; nil means slog.Default().
	Logger *slog.Logger
	// Now tells the time; nil means time.Now.
	Now func() time.Time
	// NoLimits lifts every limit on attempts. It is for load tests only.
	NoLimits bool
	// Idle starts no workers, so no Mailer is needed: for a command beside a house that runs.
	Idle bool
}

// Passwords says how passwords are hashed and which are strong enough. The zero value is
// argon2id at 64 MiB, 15 characters at least.
type Passwords struct {
	Hash     PasswordCost
	Parallel int      // how many are hashed at once; 0 means as many as there are processors
	Min      int      // characters, where the password is the only factor; 0 means 15
	Refused  []string // words of the context that are no passwords, besides product and host
}

// Passkeys says which passkeys may be registered, and where they are good. They are bound to the
// host of PublicURL; where that is an IP address there are none. The zero value takes every
// authenticator, for the origin of PublicURL.
type Passkeys struct {
	// RelatedOrigins may ask for the same passkeys: origins of other domains, which
	// /.well-known/webauthn names, and applications (android:apk-key-hash:…).
	RelatedOrigins []string
	// AAGUIDs are the makes of authenticators that may be registered, by their attestation; nil
	// means all, and none is asked for.
	AAGUIDs []string
}

// TOTP says how the keys of authenticator applications are made from now on; those there are
// stay as they were made. The zero value suits every application.
type TOTP struct {
	Digits    int    // 6 or 8; 0 means 6
	Algorithm string // SHA1 or SHA256, which some applications do not know; "" means SHA1
	Issuer    string // the name that applications show; "" means Product
}

func (t TOTP) check() error {
	if t.Digits != 0 && t.Digits != 6 && t.Digits != 8 {
		return fmt.Errorf("gatehouse: Config.TOTP.Digits is %d, not 6 or 8", t.Digits)
	}
	if !slices.Contains([]string{"", "SHA1", "SHA256"}, t.Algorithm) {
		return fmt.Errorf("gatehouse: Config.TOTP.Algorithm is %q, not SHA1 or SHA256", t.Algorithm)
	}
	return nil
}

// codeCost is what the hash of a backup code costs: what the method thinks right, and no more
// than that of a password, which tests make cheap.
func (p Passwords) codeCost() PasswordCost {
	if p.Hash.Memory < 19<<10 {
		return p.Hash
	}
	return PasswordCost{}
}

func (c *Config) complete() error {
	if c.DB == nil {
		return errors.New("gatehouse: Config.DB is missing; sqlite.Open or postgres.Open makes one")
	}
	if len(c.MasterKey) != secret.Size {
		return fmt.Errorf("gatehouse: Config.MasterKey has %d bytes, not %d; MasterKeyFile makes and reads one", len(c.MasterKey), secret.Size)
	}
	if c.Mailer == nil && !c.Unverified && !c.Idle {
		return errors.New("gatehouse: Config.Mailer is missing; addresses can only be verified by mail (or set Unverified)")
	}
	if err := cmp.Or(c.checkLifetimes(), c.TOTP.check()); err != nil {
		return err
	}
	u, err := publicURL(c.PublicURL)
	if err != nil {
		return err
	}
	c.PublicURL = u.String()
	if c.Product == "" {
		c.Product = u.Hostname()
		if web.Loopback(c.Product) {
			c.Product = "Gatehouse"
		}
	}
	if c.Policy != nil {
		if _, err := c.Policy.Compile(); err != nil {
			return fmt.Errorf("gatehouse: Config.Policy: %w", err)
		}
	}
	if err := c.Proofs.Check(); err != nil {
		return fmt.Errorf("gatehouse: Config.Proofs: %w", err)
	}
	if err := cmp.Or(c.checkOrigins(u), c.checkApplications(u)); err != nil {
		return err
	}
	c.defaults()
	return nil
}

// checkLifetimes refuses what would sign people out by itself: a key must outlive what rests
// on it.
func (c *Config) checkLifetimes() error {
	l := c.Lifetimes
	for _, d := range []struct {
		name string
		d    time.Duration
		most time.Duration // 0: any
	}{
		{"AccessTokenLife", c.AccessTokenLife, keyring.MaxTokenLife},
		{"Lifetimes.TokenLife", l.TokenLife, keyring.MaxFamilyLife},
		{"Lifetimes.TokenIdle", l.TokenIdle, 0},
		{"Lifetimes.CookieLife", l.CookieLife, 0},
		{"Lifetimes.CookieIdle", l.CookieIdle, 0},
		{"Lifetimes.RememberLife", l.RememberLife, 0},
	} {
		if d.d < 0 || d.most > 0 && d.d > d.most {
			return fmt.Errorf("gatehouse: Config.%s is %v; it must be positive, and %v at most", d.name, d.d, cmp.Or(d.most, 100*365*24*time.Hour))
		}
	}
	return nil
}

// distinct refuses two methods of one ID: only the first would be asked, and each would take
// the credentials of the other for its own.
func distinct(methods []authn.Method) error {
	taken := map[identity.MethodID]bool{"": true, authn.Device: true}
	for _, m := range methods {
		if taken[m.ID()] {
			return fmt.Errorf("gatehouse: Config.Methods has a method with the ID %q, which is taken", m.ID())
		}
		taken[m.ID()] = true
	}
	return nil
}

func (c *Config) defaults() {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Ephemeral == nil {
		c.Ephemeral = ephemeral.Memory(c.Now)
	}
	if c.RotateKeys == 0 {
		c.RotateKeys = 90 * 24 * time.Hour
	}
}

// publicURL reads a public URL: scheme, host and perhaps a path, nothing else. Over plain
// http cookies travel in clear, so only a loopback host may have it.
func publicURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || u.Opaque != "" {
		return nil, fmt.Errorf("gatehouse: public URL %q must be https://host, perhaps with a path", text)
	}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && web.Loopback(u.Hostname()):
	default:
		return nil, fmt.Errorf("gatehouse: public URL %q must be https; plain http is for loopback hosts only", text)
	}
	u.Host = strings.TrimSuffix(strings.ToLower(u.Host), defaultPort[u.Scheme])
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}

// defaultPort is what browsers leave out of an origin.
var defaultPort = map[string]string{"http": ":80", "https": ":443"}

// sameSite reports whether browsers send a SameSite cookie of one to the other: the same
// scheme, and the same host below the public suffix.
func sameSite(a, b *url.URL) bool {
	if a.Scheme != b.Scheme {
		return false
	}
	if a.Hostname() == b.Hostname() {
		return true
	}
	of, err := publicsuffix.EffectiveTLDPlusOne(a.Hostname())
	if err != nil {
		return false
	}
	to, err := publicsuffix.EffectiveTLDPlusOne(b.Hostname())
	return err == nil && of == to
}

// checkOrigins refuses what browsers would not match exactly. Cookies do not reach an
// origin of another site, so such a configuration could only fail later.
func (c *Config) checkOrigins(public *url.URL) error {
	for _, origin := range c.Origins {
		u, err := exactOrigin(origin)
		if err != nil {
			return err
		}
		if !sameSite(u, public) {
			return fmt.Errorf("gatehouse: origin %q is not of the same site as %s: browsers would send it no cookies", origin, public)
		}
	}
	return nil
}

func exactOrigin(origin string) (*url.URL, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin ||
		strings.Contains(origin, "*") || strings.ToLower(origin) != origin || strings.HasSuffix(origin, defaultPort[u.Scheme]) {
		return nil, fmt.Errorf("gatehouse: origin %q must be scheme and host, exactly as browsers send it", origin)
	}
	return u, nil
}

// checkApplications refuses what could not work: the host of the house needs no code, and cookies
// have the attributes that the scheme of the house demands.
func (c *Config) checkApplications(public *url.URL) error {
	for _, origin := range c.Applications {
		u, err := exactOrigin(origin)
		if err != nil {
			return err
		}
		if u.Host == public.Host || u.Scheme != public.Scheme {
			return fmt.Errorf("gatehouse: application %q must be on another host than %s, and %s like it", origin, public, public.Scheme)
		}
	}
	return nil
}

func (c *Config) site() *web.Site {
	u, _ := url.Parse(c.PublicURL) // it was read before
	return &web.Site{Public: u, CORS: c.Origins, Proxies: c.TrustedProxies, Applications: c.Applications, Now: c.Now, Log: c.Logger}
}

// sender is whoever delivers. A house without a mailer has no mails to send but notices, and
// one without a texter no texts: they are given up.
func (c *Config) sender() notify.Sender { return notify.Channels{Mail: c.Mailer, SMS: c.Texter} }

func (c *Config) passwordPolicy(s *web.Site) password.Policy {
	return password.Policy{Min: c.Passwords.Min, Context: append([]string{c.Product, s.Public.Hostname(), "gatehouse"}, c.Passwords.Refused...)}
}
