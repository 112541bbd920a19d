package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
	"github.com/gatehouse-id/gatehouse/internal/password"
	"github.com/gatehouse-id/gatehouse/policy"
	"github.com/gatehouse-id/gatehouse/postgres"
	"github.com/gatehouse-id/gatehouse/sqlite"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// A house is an open database and the gate in front of it.
type house struct {
	*gatehouse.Gate
	db       *gatehouse.Database
	counters io.Closer // nil without Redis
}

// open opens the database and the master key that the settings name, and with them the
// house that c describes.
func (s *Settings) open(ctx context.Context, c gatehouse.Config) (*house, error) {
	db, err := s.database()
	if err != nil {
		return nil, err
	}
	c.DB = db
	if c.MasterKey, err = gatehouse.MasterKeyFile(ctx, db, s.masterKeyFile()); err != nil {
		return nil, errors.Join(remedied(err), db.Close())
	}
	counters, err := s.Redis.open(ctx, &c)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	h := &house{db: db, counters: counters}
	if h.Gate, err = gatehouse.New(ctx, c); err != nil {
		return nil, errors.Join(remedied(err), h.shut())
	}
	return h, nil
}

// Close ends the workers, which have until ctx ends, and closes the database.
func (h *house) Close(ctx context.Context) error {
	return errors.Join(h.Gate.Close(ctx), h.shut())
}

// shut closes what the house stands on.
func (h *house) shut() error {
	if h.counters == nil {
		return h.db.Close()
	}
	return errors.Join(h.counters.Close(), h.db.Close())
}

// visit opens the house for a command, beside a server that may be running. It makes none:
// who looked into the wrong folder must not be told that the keys there were rotated.
func (s *Settings) visit(ctx context.Context, do func(context.Context, *house) error) error {
	if !s.exists() {
		return fmt.Errorf("there is no house in %s; name its folder with --data, or its file with --config", s.Data)
	}
	return s.enter(ctx, do)
}

// exists reports whether there is a house already.
func (s *Settings) exists() bool {
	_, err := os.Stat(s.sqliteFile())
	return s.Database != "" || err == nil
}

// enter is visit for the commands that make a house where there is none.
func (s *Settings) enter(ctx context.Context, do func(context.Context, *house) error) error {
	c, err := s.config()
	if err != nil {
		return err
	}
	c.Idle, c.Origins, c.Applications = true, nil, nil
	c.Risk.Off = true // a command signs nobody in, and need not read what is large
	if c.PublicURL == "" {
		c.PublicURL = nowhere
	}
	h, err := s.open(ctx, c)
	if err != nil {
		return err
	}
	// The log names who did it: whoever may read the master key.
	ctx = identity.NewContext(ctx, &identity.Principal{UserID: "command"})
	return errors.Join(do(ctx, h), h.Close(ctx))
}

// nowhere is the public URL for commands that were told none; they make no links.
const nowhere = "https://gatehouse.invalid"

// database opens the database; one of SQLite is made where there is none.
func (s *Settings) database() (*gatehouse.Database, error) {
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if s.Database == "" {
		// Threat: SQLite would let everybody read the file, and the log beside it, in a folder
		// that was there before.
		f, err := os.OpenFile(s.sqliteFile(), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("open database: %w", remedied(err))
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
		return sqlite.Open(s.sqliteFile())
	}
	if !strings.HasPrefix(s.Database, "postgres://") && !strings.HasPrefix(s.Database, "postgresql://") {
		return nil, errors.New("database must be postgres://…, or empty for SQLite in the data folder")
	}
	return postgres.Open(s.Database)
}

func (s *Settings) sqliteFile() string { return filepath.Join(s.Data, "gatehouse.db") }

func (s *Settings) masterKeyFile() string {
	if s.MasterKeyFile != "" {
		return s.MasterKeyFile
	}
	return filepath.Join(s.Data, "master.key")
}

// remedied adds to an error what can be done about it.
func remedied(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w; run gatehouse as the owner of the file", err)
	}
	return err
}

// config is what the settings say of the house; where it is and who delivers its mail is
// the server's.
func (s *Settings) config() (gatehouse.Config, error) {
	cost, err := password.ParseParams(s.Password.Hash)
	if err != nil {
		return gatehouse.Config{}, fmt.Errorf("password-hash: %w", err)
	}
	proofs, err := s.Proofs.policy()
	if err != nil {
		return gatehouse.Config{}, err
	}
	file, err := readPolicy(s.Policy)
	if err != nil {
		return gatehouse.Config{}, err
	}
	limits, err := s.limits()
	if err != nil {
		return gatehouse.Config{}, err
	}
	captcha, err := s.captcha()
	if err != nil {
		return gatehouse.Config{}, err
	}
	return gatehouse.Config{
		Limits:    limits,
		PublicURL: s.PublicURL, Product: s.Product, Unverified: s.Verification == "off",
		Policy: file, TestKeys: s.APITestKeys, ServiceHeader: s.TLS.ClientHeader, Methods: s.methods(), Origins: s.Origins, Applications: s.Applications, TrustedProxies: s.TrustedProxies,
		ForwardedHeader: s.TrustedHeader, Preload: s.HSTSPreload, SecurityContact: s.SecurityContact,
		Outbound:  gatehouse.Outbound{Allow: s.OutboundAllow, Loopback: s.Dev},
		Algorithm: jose.Algorithm(s.TokenAlgorithm), AccessTokenLife: s.Lifetime.Access,
		PermissionsInTokens: s.TokenPermissions,
		Lifetimes: authn.Lifetimes{
			CookieIdle: s.Lifetime.CookieIdle, CookieLife: s.Lifetime.Cookie, RememberLife: s.Lifetime.Remember,
			TokenIdle: s.Lifetime.TokenIdle, TokenLife: s.Lifetime.Token,
		},
		Costly:  s.Limit.Costly,
		Proofs:  proofs,
		Captcha: captcha,
		Risk:    s.Risk.rules(),
		TOTP:    gatehouse.TOTP{Digits: s.TOTP.Digits, Algorithm: s.TOTP.Algorithm},
		Breaches: gatehouse.Breaches{
			Off: s.Breach.Check == "off", Local: s.Breach.Check == "file", File: s.Breach.File,
			Ranges: gatehouse.Ranges{URL: s.DevWith.HIBP, Loopback: s.DevWith.HIBP != ""},
		},
		Passwords: gatehouse.Passwords{Hash: cost, Min: s.Password.Min},
		Passkeys:  gatehouse.Passkeys{RelatedOrigins: s.Passkey.Origins, AAGUIDs: s.Passkey.AAGUIDs},
	}, nil
}

// limits reads the limits that are to be other than they are.
func (s *Settings) limits() (throttle.Limits, error) {
	limits := throttle.Limits{}
	for name, text := range s.Limits {
		var r throttle.Rate
		if err := r.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("limits: %s: %w", name, err)
		}
		limits[throttle.Name(name)] = r
	}
	if err := limits.Check(); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	return limits, nil
}

// readPolicy reads the file of a policy; "" is none.
func readPolicy(name string) (*policy.File, error) {
	if name == "" {
		return nil, nil
	}
	p, _, err := compilePolicy(name)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if failed := p.Test(); len(failed) > 0 {
		return nil, fmt.Errorf("policy: %s: line %d: test %q: got %s, want %s; gatehouse policy test says why", name, failed[0].Line, failed[0].Name, failed[0].Got, failed[0].Want)
	}
	file := p.File()
	return &file, nil
}

// compilePolicy reads and compiles the file of a policy, and returns its text too.
func compilePolicy(name string) (*policy.Policy, []byte, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	file, err := policy.Read(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	p, err := file.Compile()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, text, nil
}

// short writes a duration without its empty parts: 15m, not 15m0s.
func short(d time.Duration) string {
	return strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
}
