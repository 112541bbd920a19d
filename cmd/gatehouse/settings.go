package main

import (
	"net/netip"
	"time"
)

// Settings is everything that can be set. Each field is a flag (--public-url), a key of the
// file (public-url) and an environment variable (GATEHOUSE_PUBLIC_URL); a flag comes before
// the environment, the environment before the file, the file before the default.
type Settings struct {
	Config string `help:"The YAML file to read settings from." placeholder:"FILE"`

	Listen          string         `help:"Where to listen." default:"127.0.0.1:8080"`
	PublicURL       string         `help:"Where browsers reach the house: https://id.example.com, perhaps with a path." placeholder:"URL"`
	MetricsListen   string         `help:"Where to listen for /metrics and gatehouse explain; empty for nowhere." default:"127.0.0.1:9090"`
	HTTPListen      string         `name:"http-listen" help:"Where to listen for plain http and send whoever comes to https; for a server that ends TLS itself. Empty for nowhere." placeholder:"ADDRESS"`
	TrustedProxies  []netip.Prefix `help:"Proxies that are believed when they say for whom they ask." placeholder:"10.0.0.0/8,…"`
	TrustedHeader   string         `help:"The field in which they say it: X-Forwarded-For, or Forwarded (RFC 7239). The other one is not read." enum:"X-Forwarded-For,Forwarded" default:"X-Forwarded-For"`
	HSTSPreload     bool           `name:"hsts-preload" help:"Let browsers have the host built in as https only (hstspreload.org): hard to undo, and for every host below it too."`
	SecurityContact string         `help:"Where to report a flaw, told by /.well-known/security.txt (RFC 9116); empty for nowhere." placeholder:"mailto:security@example.com"`
	Origins         []string       `help:"Other origins of the same site whose pages may call the API." placeholder:"https://app.example.com,…"`
	Applications    []string       `help:"Origins of applications on other hosts, for which a proxy asks GET /auth/check." placeholder:"https://app.example.org,…"`
	OutboundAllow   []netip.Prefix `help:"Networks of yours that webhooks may call although they are not public." placeholder:"10.1.0.0/16,…"`
	Drain           time.Duration  `help:"How long to go on serving after SIGTERM, as not ready, so that load balancers look elsewhere." default:"1s"`

	Data          string      `help:"The folder of the database and the master key." default:"./gatehouse-data"`
	Database      string      `help:"postgres://…; empty for SQLite in the data folder." placeholder:"URL"`
	Redis         RedisServer `embed:""`
	MasterKeyFile string      `help:"The file of the master key; empty for master.key in the data folder." placeholder:"FILE"`

	Product      string `help:"The name that pages and mails show; empty for the host of the public URL."`
	Verification string `help:"Whether addresses are proved by mail: on or off." enum:"on,off" default:"on"`
	Policy       string `help:"The file of the policy: permissions, roles, conditions. Empty: the one that is stored." placeholder:"FILE"`

	TokenAlgorithm   string            `help:"What signs access tokens: ES256, RS256, EdDSA, or HS256 for one verifier." enum:"ES256,RS256,EdDSA,HS256" default:"ES256"`
	TokenPermissions bool              `help:"Let access tokens tell what their roles may do, for services that ask nobody; they grow."`
	Lifetime         Lifetime          `embed:"" prefix:"lifetime-"`
	Password         Passwords         `embed:"" prefix:"password-"`
	Limits           map[string]string `help:"Limits that are to be other than in docs/reference/limits.md." placeholder:"calls=200/1m;…"`
	Breach           BreachSettings    `embed:"" prefix:"breach-"`
	Passkey          Passkeys          `embed:"" prefix:"passkey-"`
	Proofs           Proofs            `embed:"" prefix:"proofs-"`
	Risk             RiskSettings      `embed:"" prefix:"risk-"`
	SMTP             MailServer        `embed:"" prefix:"smtp-"`
	TOTP             TOTP              `embed:"" prefix:"totp-"`
	SMS              TextServer        `embed:"" prefix:"sms-"`
	APITestKeys      bool              `name:"api-test-keys" help:"Make API keys that begin with sk_test_, and take no others: for a deployment for testing."`
	Captcha          Captcha           `embed:"" prefix:"captcha-"`
	TLS              TLSSettings       `embed:"" prefix:"tls-"`
	Limit            CrowdSettings     `embed:"" prefix:"limit-"`
	Log              LogSettings       `embed:"" prefix:"log-"`
	Dev              bool              `help:"Develop: serve this machine only, over plain http, and show mails and text messages at /dev/outbox."`
	DevWith          DevSettings       `embed:"" prefix:"dev-"`
}

// RedisServer counts attempts for several machines.
type RedisServer struct {
	URL          string `name:"redis" help:"redis://… or rediss://…, which counts attempts for all machines; empty for the database, or memory with SQLite." placeholder:"URL"`
	PasswordFile string `name:"redis-password-file" help:"The file of the password of Redis, which only its owner may read." placeholder:"FILE"`
}

// Lifetime says how long sign-ins last.
type Lifetime struct {
	Access     time.Duration `help:"An access token; 50m at the most." default:"15m"`
	CookieIdle time.Duration `help:"A session by cookie that is not used." default:"30m"`
	Cookie     time.Duration `help:"A session by cookie, however much used." default:"24h"`
	Remember   time.Duration `help:"A session by cookie of somebody who wants to be remembered." default:"720h"`
	TokenIdle  time.Duration `help:"A session by tokens that is not refreshed." default:"168h"`
	Token      time.Duration `help:"A session by tokens, however much refreshed." default:"720h"`
}

// Passwords says which passwords are strong enough and what their hashes cost.
type Passwords struct {
	Min  int    `help:"How many characters a password has at least." default:"15"`
	Hash string `help:"The cost of argon2id; gatehouse password calibrate measures it." default:"m=65536,t=3,p=1"`
}

// Proofs says which proofs are enough to sign in. What is set beside the preset can only
// demand more.
type Proofs struct {
	Preset        string            `help:"high-security: aal2 from everybody, none of it by mail, and no device is remembered; empty for none." enum:"high-security," default:""`
	Require       string            `help:"What everybody must prove: aal1, one kind of evidence, or aal2, two; empty for one, and a second of whoever has set one up." enum:"aal1,aal2," default:""`
	Roles         map[string]string `help:"What whoever has a role must prove." placeholder:"admin=aal2;…"`
	Mail          string            `help:"Whether mail is a factor, by links and codes that sign in: on or off." enum:"on,off" default:"on"`
	Remember      time.Duration     `help:"How long a device may be remembered that proved a second factor; 0s for never." default:"720h"`
	RecoveryDelay time.Duration     `help:"How long the link waits that sets everything anew after all factors were lost, so that its owner can stop it." default:"24h"`
}

// Passkeys says where else passkeys may be used, and which.
type Passkeys struct {
	Origins []string `help:"Origins of other domains whose pages may use the passkeys of this host." placeholder:"https://example.net,…"`
	AAGUIDs []string `name:"aaguids" help:"The makes of authenticators that may be registered; empty for all." placeholder:"AAGUID,…"`
}

// MailServer is who delivers mail.
type MailServer struct {
	Addr         string `help:"The mail server." placeholder:"mail.example.com:587"`
	From         string `help:"The sender of mails." placeholder:"'Example <no-reply@example.com>'"`
	Username     string `help:"The name to sign in to the mail server with; empty for none."`
	PasswordFile string `help:"The file of the password, which only its owner may read." placeholder:"FILE"`
	TLS          string `name:"tls" help:"starttls, implicit, or none for a server on this machine." enum:"starttls,implicit,none" default:"starttls"`
}

// TOTP says how the keys of authenticator applications are made from now on.
type TOTP struct {
	Digits    int    `help:"How many digits their codes have: 6 or 8." enum:"6,8" default:"6"`
	Algorithm string `help:"SHA1, which every application understands, or SHA256." enum:"SHA1,SHA256" default:"SHA1"`
}

// TextServer is who delivers text messages.
type TextServer struct {
	Provider  string   `help:"Who delivers text messages: twilio, or webhook for a program of yours; empty for nobody." enum:"twilio,webhook," default:""`
	Account   string   `help:"The account at Twilio." placeholder:"AC…"`
	TokenFile string   `help:"The file of Twilio's token or of the webhook's secret, which only its owner may read." placeholder:"FILE"`
	From      string   `help:"The sender of text messages: a number, a name, or MG… for a service of Twilio's." placeholder:"+49…"`
	URL       string   `name:"url" help:"Where the webhook is, or a service that is compatible with Twilio." placeholder:"URL"`
	Region    string   `help:"The country of numbers that are typed without one; empty wants them to begin with +." placeholder:"DE"`
	Prefixes  []string `help:"The countries that are texted; empty for all." placeholder:"+49,+43,…"`
	Daily     int      `help:"How many text messages leave in a day at the most." default:"1000"`
}

// LogSettings says what is logged, and how.
type LogSettings struct {
	Level  string `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	Format string `help:"text or json." enum:"text,json" default:"text"`
}

// DevSettings need --dev.
type DevSettings struct {
	NoLimits bool          `help:"Lift every limit on attempts, for load tests."`
	Clock    time.Duration `help:"How far the clock is ahead; POST /dev/clock moves it."`
	HIBP     string        `name:"hibp-url" help:"Look breached passwords up at a service on this machine." placeholder:"http://localhost:PORT"`
	SMS      string        `name:"sms-url" help:"Send text messages to a service on this machine that is compatible with Twilio, instead of showing them at /dev/outbox." placeholder:"http://localhost:PORT"`
	Captcha  string        `name:"captcha-url" help:"Ask a service on this machine instead of the vendor of CAPTCHAs." placeholder:"http://localhost:PORT"`
	Argon2   string        `name:"argon2" help:"The cost of argon2id, to test faster." placeholder:"m=19456,t=2,p=1"`
}
