package notify_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func TestSMTP(t *testing.T) {
	for _, mode := range []notify.TLSMode{notify.STARTTLS, notify.ImplicitTLS, notify.NoTLS, ""} {
		t.Run(string(mode), func(t *testing.T) {
			server := &mailServer{}
			s := server.serve(t, listen(t), mode)
			s.Username, s.Password = "gate", "house"
			s.Now = func() time.Time { return start }
			m := message("a@example.com")
			m.ID, m.Subject, m.HTML = "mai_1", "مرحبًا", "<p>Hello</p>"
			if err := s.Check(); err != nil {
				t.Fatal(err)
			}
			if err := s.Send(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			got := server.got()
			if len(got) != 1 || got[0].from != "no-reply@id.example" || got[0].to != "a@example.com" || server.logins != 1 {
				t.Fatalf("%d logins, received %+v", server.logins, got)
			}
			checkMail(t, got[0].data)
		})
	}
}

func checkMail(t *testing.T, data string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"From": `"Gate & House" <no-reply@id.example>`, "To": "<a@example.com>", "Message-Id": "<mai_1@id.example>",
		"Date": "Tue, 24 Nov 2026 14:05:00 +0000", "Auto-Submitted": "auto-generated", "User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(field); got != want {
			t.Errorf("%s: %q, want %q", field, got, want)
		}
	}
	if subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil || subject != "مرحبًا" {
		t.Errorf("Subject: %q (%v)", subject, err)
	}
	_, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []struct{ mediaType, text string }{{"text/plain", "?token=hush"}, {"text/html", "<p>Hello</p>"}} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part)
		if err != nil || !strings.HasPrefix(part.Header.Get("Content-Type"), want.mediaType) || !strings.Contains(string(text), want.text) {
			t.Errorf("part %q: %s (%v)", part.Header.Get("Content-Type"), text, err)
		}
	}
}

// RFC 5321 section 4.2.1: 4yz may be repeated, 5yz not. A refusal of us is the operator's
// to mend. What the server says is not repeated: it may quote the link.
func TestSMTPRefusals(t *testing.T) {
	for _, c := range []struct {
		name      string
		server    *mailServer
		permanent bool
	}{
		{"recipient later", &mailServer{rcptAnswer: answer(450)}, false},
		{"recipient never", &mailServer{rcptAnswer: answer(550)}, true},
		{"content later", &mailServer{dataAnswer: answer(451)}, false},
		{"content never", &mailServer{dataAnswer: answer(554)}, true},
		{"sender never", &mailServer{mailAnswer: answer(550)}, false},
		{"wrong password", &mailServer{authAnswer: answer(535)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := c.server.serve(t, listen(t), notify.NoTLS)
			s.Username, s.Password = "gate", "house"
			err := s.Send(t.Context(), message("a@example.com"))
			if err == nil || errors.Is(err, notify.ErrPermanent) != c.permanent {
				t.Errorf("got %v, permanent %v", err, c.permanent)
			}
			if c.server.authAnswer == nil && (strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), ".7.1")) {
				t.Errorf("the error says %q", err)
			}
		})
	}
}

// There is no fallback to plain text, and no password for a server that cannot prove itself.
func TestSMTPInsistsOnTLS(t *testing.T) {
	stripped := &mailServer{}
	s := stripped.serve(t, listen(t), notify.NoTLS)
	stranger := &mailServer{}
	u := stranger.serve(t, listen(t), notify.STARTTLS)
	u.Roots = nil
	impostor := &mailServer{}
	i := impostor.serve(t, listen(t), notify.ImplicitTLS)
	i.Roots = nil
	for mode, s := range map[notify.TLSMode]*notify.SMTP{"": s, notify.STARTTLS: u, notify.ImplicitTLS: i} {
		s.TLS, s.Username, s.Password = mode, "gate", "house"
		if err := s.Send(t.Context(), message("a@example.com")); err == nil || errors.Is(err, notify.ErrPermanent) {
			t.Errorf("%q: %v", mode, err)
		}
	}
	for _, server := range []*mailServer{stripped, stranger, impostor} {
		if server.logins > 0 || len(server.got()) > 0 {
			t.Errorf("%d passwords and %d mails went out", server.logins, len(server.got()))
		}
	}
}

// F14: temporary refusals, a server that is gone for a while, and then it works.
func TestSMTPRecovers(t *testing.T) {
	server := &mailServer{rcptAnswer: answer(451)}
	l := listen(t)
	s := server.serve(t, l, notify.NoTLS)
	o, c := newOutbox(t, sqldbtest.SQLite(t), s)
	queue(t, o, "a@example.com", time.Hour)
	deliver(t, o, 0, 1)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c.advance(time.Minute)
	deliver(t, o, 0, 1)
	if o.Failed() != 2 {
		t.Errorf("%d failures, want 2", o.Failed())
	}
	o.Sender = new(mailServer).serve(t, listen(t), notify.NoTLS)
	c.advance(time.Minute)
	deliver(t, o, 1, 0)
}

// F14: a server that accepts the connection and says nothing holds nobody up, and does not
// get the mail after we have given it up.
func TestSMTPTarpit(t *testing.T) {
	l := listen(t)
	s := new(mailServer).serve(t, listen(t), notify.NoTLS)
	s.Addr = l.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	hungUp := make(chan error)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			cancel()
			_, err = conn.Read(make([]byte, 1))
		}
		hungUp <- err
	}()
	if err := s.Send(ctx, message("a@example.com")); err == nil || errors.Is(err, notify.ErrPermanent) {
		t.Errorf("got %v", err)
	}
	if err := <-hungUp; !errors.Is(err, io.EOF) {
		t.Errorf("the server saw %v", err)
	}
}

// A line break adds no header field, no recipient and no command.
func TestSMTPInjection(t *testing.T) {
	server := &mailServer{}
	s := server.serve(t, listen(t), notify.NoTLS)
	for _, to := range []string{
		"a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "a@example.com>\r\nRCPT TO:<b@example.com",
		"\"a\r\nBcc: b\"@example.com", "a\x00@example.com", "",
	} {
		if err := s.Send(t.Context(), message(to)); !errors.Is(err, notify.ErrPermanent) {
			t.Errorf("%q: %v", to, err)
		}
	}
	m := message("a@example.com")
	m.Subject, m.Text = "Hello\r\nBcc: b@example.com\r\n\r\nBody", "Hello\r\n.\r\nMAIL FROM:<b@example.com>\r\n"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := server.got()
	if len(got) != 1 || got[0].to != "a@example.com" {
		t.Fatalf("received %+v", got)
	}
	if strings.Contains(header(got[0].data), "\nBcc") || !strings.Contains(got[0].data, "MAIL FROM:<b@example.com>") {
		t.Errorf("received\n%s", got[0].data)
	}
}

func TestSMTPCheck(t *testing.T) {
	for _, c := range []struct {
		smtp notify.SMTP
		ok   bool
	}{
		{notify.SMTP{Addr: "mail.example.com:587", From: "no-reply@example.com"}, true},
		{notify.SMTP{Addr: "localhost:25", From: "no-reply@example.com", TLS: notify.NoTLS}, true},
		{notify.SMTP{Addr: "[::1]:25", From: "no-reply@example.com", TLS: notify.NoTLS}, true},
		{notify.SMTP{Addr: "mail.example.com:25", From: "no-reply@example.com", TLS: notify.NoTLS}, false},
		{notify.SMTP{Addr: "192.0.2.1:25", From: "no-reply@example.com", TLS: notify.NoTLS}, false},
		{notify.SMTP{Addr: "mail.example.com:587", From: "no-reply@example.com", TLS: "opportunistic"}, false},
		{notify.SMTP{Addr: "mail.example.com:587", From: "no-reply"}, false},
		{notify.SMTP{Addr: "mail.example.com:smtp", From: "no-reply@example.com"}, false},
		{notify.SMTP{Addr: "mail.example.com", From: "no-reply@example.com"}, false},
		{notify.SMTP{}, false},
	} {
		if err := c.smtp.Check(); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.smtp, err)
		}
	}
}
