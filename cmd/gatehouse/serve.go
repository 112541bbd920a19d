package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/password"
	"github.com/gatehouse-id/gatehouse/method/passkey"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// How a server ends: it has ten seconds, of which the workers keep the last ones.
const (
	endRequests = 7 * time.Second
	endAll      = 9 * time.Second
)

type serveCommand struct{}

// Run serves until ctx ends.
func (serveCommand) Run(ctx context.Context, p *Program, settings *Settings) error {
	if err := settings.check(); err != nil {
		return err
	}
	s := &server{Settings: settings, log: settings.logger(p.Err), failed: make(chan error, 3)}
	if err := s.listen(); err != nil {
		return err
	}
	if err := s.start(ctx); err != nil {
		return errors.Join(err, s.stop(0))
	}
	err := s.greet(ctx, p.Out)
	if err == nil {
		err = s.wait(ctx)
	}
	return errors.Join(err, s.stop(s.patience(ctx)))
}

// A server is a house with its listeners.
type server struct {
	*Settings
	log    *slog.Logger
	dev    *dev // nil without --dev
	house  *house
	door   *door        // what stands before the house; nil until it is open
	certs  certificates // nil unless TLS ends here
	acme   *acme        // nil unless certificates are ordered
	front  net.Listener
	back   net.Listener // nil without metrics
	plain  net.Listener // nil without a listener for plain http
	serves []*http.Server
	failed chan error
}

// listen takes the addresses before anything else is touched: the port may be part of the
// public URL, and a second server of the same address must not get any further.
func (s *server) listen() (err error) {
	if s.front, err = s.bounded(s.Listen); err != nil {
		return fmt.Errorf("%w; choose another address with --listen", err)
	}
	if s.MetricsListen != "" {
		if s.back, err = s.bounded(s.MetricsListen); err != nil {
			return errors.Join(fmt.Errorf("%w; choose another address with --metrics-listen, or \"\" for none", err), s.front.Close())
		}
	}
	if s.HTTPListen != "" {
		if s.plain, err = s.bounded(s.HTTPListen); err != nil {
			s.hangUp()
			return fmt.Errorf("%w; choose another address with --http-listen, or \"\" for none", err)
		}
	}
	if s.Dev && s.PublicURL == "" {
		s.PublicURL = fmt.Sprintf("http://localhost:%d", s.front.Addr().(*net.TCPAddr).Port)
	}
	return nil
}

// start opens the house and answers.
func (s *server) start(ctx context.Context) error {
	c, err := s.config()
	if err != nil {
		return err
	}
	c.Logger = s.log
	if c.ServiceRoots, err = s.TLS.roots(); err != nil {
		return err
	}
	if s.Dev {
		err = s.develop(&c)
	} else {
		err = s.deliver(&c)
	}
	if err != nil {
		return err
	}
	if s.house, err = s.open(ctx, c); err != nil {
		return err
	}
	s.warn()
	meter := newMeter(s.house.Gate)
	s.door = &door{next: admit(&throttle.Crowd{Most: s.Limit.Requests}, s.routes()), site: s.house.Site(), log: s.log, measure: meter.observe}
	front, err := s.secure(c.ServiceRoots, s.house.Site().Now)
	if err != nil {
		return err
	}
	meter.certs = s.certs
	s.serve(front, s.door)
	if s.back != nil {
		s.serve(s.back, s.house.Site().Beside(meter.handler()))
	}
	if s.plain != nil {
		s.serve(s.plain, s.acme.challenges(s.house.Site().Redirect()))
	}
	s.log.Info("listening", "address", s.front.Addr(), "publicURL", s.PublicURL)
	return nil
}

// routes are those of the house, and for development a few more.
func (s *server) routes() http.Handler {
	site := s.house.Site()
	below := map[string]http.Handler{} // a mux would redirect paths that are not clean
	if site.Mount() != "" {
		below["/.well-known/"] = s.house.WellKnown()
	}
	if s.dev != nil {
		below[site.Mount()+"/dev/"] = s.dev.routes(site, s.house.Handler())
	}
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for prefix, h := range below {
			if strings.HasPrefix(r.URL.Path, prefix) && path.Clean(r.URL.Path) == r.URL.Path {
				h.ServeHTTP(w, r)
				return
			}
		}
		s.house.Handler().ServeHTTP(w, r)
	})
	if s.dev == nil {
		return all
	}
	return ownHost(site, all)
}

// deliver lets mails and text messages leave.
func (s *server) deliver(c *gatehouse.Config) (err error) {
	if c.Mailer, err = s.mailer(); err != nil {
		return err
	}
	c.Texter, err = s.texter()
	return err
}

// develop lets a house keep its mails and text messages and move its clock.
func (s *server) develop(c *gatehouse.Config) (err error) {
	s.dev = &dev{}
	s.dev.clock.set(s.DevWith.Clock)
	s.dev.mails.Now = s.dev.clock.now
	c.Now, c.Mailer, c.Texter, c.NoLimits = s.dev.clock.now, &s.dev.mails, &s.dev.mails, s.DevWith.NoLimits
	if s.DevWith.SMS != "" {
		if c.Texter, err = s.devTexter(); err != nil {
			return err
		}
	}
	if s.DevWith.Argon2 != "" {
		if c.Passwords.Hash, err = password.ParseParams(s.DevWith.Argon2); err != nil {
			err = fmt.Errorf("dev-argon2: %w", err)
		}
	}
	return err
}

// warn tells the log what is allowed but not what one would want.
func (s *server) warn() {
	site := s.house.Site()
	if !site.Secure() {
		s.log.Warn("cookies are not Secure, because the public URL is plain http", "publicURL", s.PublicURL)
	}
	if s.Dev {
		s.log.Warn("this is a development server: its mails are public on this machine", "outbox", site.URL("/dev/outbox"))
	}
	if host := site.Public.Hostname(); !passkey.Serves(host) {
		s.log.Warn("passkeys are off, because browsers bind them to domains only", "host", host)
	}
	if site.Secure() && len(s.TrustedProxies) == 0 && !s.TLS.on() {
		s.log.Warn("no proxy is trusted, so all clients behind one have its address; name it with --trusted-proxies")
	}
}

func (s *server) serve(l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler: h,

		DisableGeneralOptionsHandler: true, // "OPTIONS *" is an unknown path like any other
		ReadHeaderTimeout:            deadlines.header,
		ReadTimeout:                  deadlines.request,
		WriteTimeout:                 deadlines.answer,
		IdleTimeout:                  s.idle(),
		MaxHeaderBytes:               32 << 10,
		HTTP2:                        streams,
		ConnState:                    observe,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.serves = append(s.serves, server)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
}

// greet tells the person who started the server where to go. The setup link makes an
// administrator, so it is printed and never logged.
func (s *server) greet(ctx context.Context, out io.Writer) error {
	link, err := s.house.Flow.Invite(ctx)
	if err != nil {
		return err
	}
	lines := []string{"Gatehouse is at " + s.PublicURL}
	if s.back != nil {
		lines = append(lines, fmt.Sprintf("Metrics are at http://%s/metrics", s.back.Addr()))
	}
	if s.Dev {
		lines = append(lines, "Mails are at "+s.house.Site().URL("/dev/outbox"))
	}
	if link != "" {
		lines = append(lines, "Nobody administers it yet. This link makes you the administrator, once, within a day:", link)
	}
	_, err = fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}

func (s *server) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// patience is how long to go on as not ready: a load balancer needs the time to notice, a
// person at the keyboard does not wait for one.
func (s *server) patience(ctx context.Context) time.Duration {
	if errors.Is(context.Cause(ctx), errTerminate) {
		return s.Drain
	}
	return 0
}

// stop ends the server so that no request is lost: it says that it is not ready, waits,
// finishes what is under way, and lets the workers finish.
func (s *server) stop(patience time.Duration) error {
	began := time.Now()
	if s.door != nil {
		s.log.Info("stopping")
		s.house.Drain()
		s.door.leaving.Store(true)
	}
	time.Sleep(patience)
	defer s.hangUp()
	var errs []error
	ctx, cancel := context.WithDeadline(context.Background(), began.Add(endRequests))
	defer cancel()
	for _, server := range s.serves {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("requests were cut off: %w", err), server.Close())
		}
	}
	if s.house != nil {
		ctx, cancel := context.WithDeadline(context.Background(), began.Add(endAll))
		defer cancel()
		s.acme.close(ctx)
		errs = append(errs, s.house.Close(ctx))
	}
	return errors.Join(errs...)
}

// hangUp closes the listeners that nobody serves, because the start failed.
func (s *server) hangUp() {
	_ = s.front.Close() // those that were served are closed already
	for _, l := range []net.Listener{s.back, s.plain} {
		if l != nil {
			_ = l.Close()
		}
	}
}

func (s *Settings) logger(out io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.Log.Level)) // one of the four that kong lets through
	options := &slog.HandlerOptions{Level: level}
	if s.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(out, options))
	}
	return slog.New(slog.NewTextHandler(out, options))
}
