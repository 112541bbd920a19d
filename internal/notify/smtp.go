package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// A TLSMode says how the connection to a mail server is encrypted.
type TLSMode string

// The modes. The empty mode is STARTTLS; there is none that falls back to plain text.
const (
	STARTTLS    TLSMode = "starttls" // RFC 3207, usually port 587; a server without it is not used
	ImplicitTLS TLSMode = "implicit" // RFC 8314, usually port 465
	NoTLS       TLSMode = "none"     // only to this very machine
)

// SMTP sends mails through a server. Addr and From are required; Check says at start-up
// what is wrong with the others.
type SMTP struct {
	Addr     string // "mail.example.com:587"
	From     string // "Example <no-reply@example.com>"
	Username string // empty: do not authenticate
	Password string
	TLS      TLSMode
	Roots    *x509.CertPool   // who may vouch for the server; nil: whom the system trusts
	Timeout  time.Duration    // of one mail; 0 means 20 seconds
	Now      func() time.Time // of the Date field; nil means time.Now
}

// Check returns what is wrong with the settings, nil if they can work.
func (s *SMTP) Check() error {
	_, err := s.route()
	return err
}

// A route is the settings, understood.
type route struct {
	host string
	port int
	from *netmail.Address
}

func (r route) domain() string { return r.from.Address[strings.LastIndexByte(r.from.Address, '@')+1:] }

func (s *SMTP) route() (r route, err error) {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return r, fmt.Errorf("address of the mail server: %w", err)
	}
	r.host = host
	if r.port, err = strconv.Atoi(port); err != nil {
		return r, fmt.Errorf("port of the mail server: %w", err)
	}
	if r.from, err = netmail.ParseAddress(s.From); err != nil {
		return r, fmt.Errorf("sender of mails %q: %w", s.From, err)
	}
	switch s.TLS {
	case "", STARTTLS, ImplicitTLS:
	case NoTLS:
		// Whoever reads along would get every link that resets a password.
		if ip := net.ParseIP(host); host != "localhost" && !ip.IsLoopback() {
			return r, fmt.Errorf("mails to %s without TLS: only a server on this machine may do without", host)
		}
	default:
		return r, fmt.Errorf("unknown TLS mode %q", s.TLS)
	}
	return r, nil
}

// Send implements Sender. Only a refusal of the recipient or of the content is permanent
// (5yz, RFC 5321 section 4.2.1); a refusal of us is a setting that can be mended in time.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	r, err := s.route()
	if err != nil {
		return err
	}
	msg, err := s.compose(r, m)
	if err != nil {
		return err
	}
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = 20 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	line := &line{ctx: ctx}
	defer line.hangUp()
	client, err := s.client(r, timeout, line)
	if err != nil {
		return err
	}
	if err := client.DialWithContext(ctx); err != nil {
		return fmt.Errorf("reach the mail server: %w", err)
	}
	if err := client.Send(msg); err != nil {
		return explain(err)
	}
	_ = client.Close() // the mail was accepted; how the goodbye goes changes nothing
	return nil
}

func (s *SMTP) client(r route, timeout time.Duration, l *line) (*mail.Client, error) {
	encryption := &tls.Config{ServerName: r.host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
	options := []mail.Option{
		mail.WithPort(r.port), mail.WithTimeout(timeout), mail.WithHELO(r.domain()), mail.WithTLSConfig(encryption),
		mail.WithoutNoop(), mail.WithoutRset(), mail.WithDialContextFunc(l.dial),
	}
	switch s.TLS {
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
	case ImplicitTLS:
		l.tls = encryption
		options = append(options, mail.WithSSL())
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.Username != "" {
		options = append(options, mail.WithUsername(s.Username), mail.WithPassword(s.Password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return mail.NewClient(r.host, options...)
}

// A line is a connection that breaks when its context ends. The library minds the context
// only while it dials, and a mail that is still under way after we gave it up would be
// sent twice.
type line struct {
	ctx  context.Context
	tls  *tls.Config // nil: begin in plain text
	conn net.Conn
	stop func() bool
}

func (l *line) dial(_ context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(l.ctx, network, addr)
	if err != nil {
		return nil, err
	}
	l.conn = conn
	l.stop = context.AfterFunc(l.ctx, func() { _ = conn.Close() })
	if l.tls == nil {
		return conn, nil
	}
	secured := tls.Client(conn, l.tls)
	return secured, secured.HandshakeContext(l.ctx)
}

func (l *line) hangUp() {
	if l.conn != nil {
		l.stop()
		_ = l.conn.Close()
	}
}

// compose writes the mail. Addresses are parsed and header fields encoded, so that a line
// break in either adds no field (CRLF injection). The Message-ID is the outbox's, so that a
// mail that was sent twice is known for one.
func (s *SMTP) compose(r route, m Message) (*mail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil {
		return nil, fmt.Errorf("the recipient is no address: %w", ErrPermanent)
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent()) // it would tell our version
	msg.FromMailAddress(r.from)
	msg.ToMailAddress(to)
	msg.Subject(m.Subject)
	msg.SetDateWithValue(now())
	msg.SetMessageIDWithValue(string(m.ID) + "@" + r.domain())
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834 section 5: nobody's holiday is told to us
	msg.SetBodyString(mail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// explain tells the code and the step, but not the words of the server: some quote the mail
// that they refuse, and with it the link.
func explain(err error) error {
	var e *mail.SendError
	if !errors.As(err, &e) {
		return errors.New("the mail server failed")
	}
	if e.ErrorCode() == 0 {
		return fmt.Errorf("the mail server was lost while %s", e.Reason)
	}
	said := strings.TrimSpace(fmt.Sprintf("%d %s", e.ErrorCode(), e.EnhancedStatusCode()))
	ours := e.Reason == mail.ErrSMTPRcptTo || e.Reason == mail.ErrSMTPData || e.Reason == mail.ErrSMTPDataClose
	if e.ErrorCode() >= 500 && ours {
		return fmt.Errorf("the mail server answered %s while %s: %w", said, e.Reason, ErrPermanent)
	}
	return fmt.Errorf("the mail server answered %s while %s", said, e.Reason)
}
