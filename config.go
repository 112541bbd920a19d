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
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/guard"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
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
	"github.com/gatehouse-id/gatehouse/throttle"
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
	// Captcha says who tells people from programs; zero is proof of work, which needs no vendor.
	Captcha = captcha.Choice
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
	// TrustedProxies are the peers whose X-Forwarded-For is believed or, if ForwardedHeader is
	// "Forwarded", that field (RFC 7239) instead. Of the others no such field is read.
	TrustedProxies  []netip.Prefix
	ForwardedHeader string
	// Preload adds "preload" to HSTS: whoever sets it means to submit the host to hstspreload.org, and
	// cannot go back to plain http for months, on any host below it either.
	Preload bool
	// SecurityContact is where to report a flaw, "mailto:security@example.com" or an https URL;
	// /.well-known/security.txt tells it (RFC 9116). "" leaves the document out.
	SecurityContact string

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
	// Limits are those that are to be other than in throttle.Table.
	Limits throttle.Limits
	// Passkeys and TOTP say how passkeys and authenticator applications are set up.
	Passkeys Passkeys
	TOTP     TOTP
	// Proofs says which proofs are enough to sign in; authn.HighSecurity is a strict choice.
	Proofs authn.Policy
	// Breaches says where passwords are looked up that attackers may know.
	Breaches Breaches
	// Risk says what becomes of odd sign-ins.
	Risk Risk
	// Passwords says how passwords are hashed and which are strong enough.
	Passwords Passwords
	// Captcha says what is asked of whoever has failed often.
	Captcha Captcha
	// Costly is how many requests are under way at once that hash, mail or write for strangers; the
	// others are answered 503, so that who is signed in goes on. One address may have an eighth of
	// them. 0 means 128.
	Costly int
	// RotateKeys is how often the keys rotate by themselves; 0 means every 90 days.
	RotateKeys time.Duration

	// Ephemeral counts attempts. nil counts in memory over SQLite, and over PostgreSQL failures in
	// the database and calls in memory. What redis.Open returns counts for all machines of the
	// house; it may be gone, and then each counts for itself. Any other store is asked for
	// everything, and where it fails nobody signs in.
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
	Parallel int      // how many are hashed at once; 0 means as many as there are processors, but one
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
	if err := c.Limits.Check(); err != nil {
		return fmt.Errorf("gatehouse: Config.Limits: %w", err)
	}
	if err := c.Proofs.Check(); err != nil {
		return fmt.Errorf("gatehouse: Config.Proofs: %w", err)
	}
	if err := c.Captcha.Check(); err != nil {
		return fmt.Errorf("gatehouse: Config.Captcha: %w", err)
	}
	if err := cmp.Or(c.checkOrigins(u), c.checkApplications(u), c.checkForwarded(), c.checkContact()); err != nil {
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
	if c.RotateKeys == 0 {
		c.RotateKeys = 90 * 24 * time.Hour
	}
}

func (c *Config) site() *web.Site {
	u, _ := url.Parse(c.PublicURL) // it was read before
	return &web.Site{Public: u, CORS: c.Origins, Proxies: c.TrustedProxies, Forwarded: c.ForwardedHeader, Preload: c.Preload, Applications: c.Applications, Now: c.Now, Log: c.Logger}
}

// sender is whoever delivers. A house without a mailer has no mails to send but notices, and
// one without a texter no texts: they are given up.
func (c *Config) sender() notify.Sender { return notify.Channels{Mail: c.Mailer, SMS: c.Texter} }

func (c *Config) passwordPolicy(s *web.Site) password.Policy {
	return password.Policy{Min: c.Passwords.Min, Context: append([]string{c.Product, s.Public.Hostname(), "gatehouse"}, c.Passwords.Refused...)}
}
