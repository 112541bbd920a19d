package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// longestDrain leaves the rest of the ten seconds to the requests under way.
const longestDrain = 5 * time.Second

// check refuses settings with which the server could not be safe, or not do its work, and
// says what to do about it.
func (s *Settings) check() error {
	if s.Drain > longestDrain {
		return fmt.Errorf("drain is %v, at most %v: the server ends within ten seconds", s.Drain, longestDrain)
	}
	if err := errors.Join(s.checkSMS(), s.TLS.check(s.PublicURL), s.Breach.check(), s.Redis.check(), s.Limit.check()); err != nil {
		return err
	}
	if s.Dev {
		return s.checkDev()
	}
	return s.checkProduction()
}

// checkDev keeps a server that shows its mails and moves its clock on this machine.
func (s *Settings) checkDev() error {
	if !onlyHere(s.Listen) {
		return fmt.Errorf("--dev shows every mail to everybody who can reach it: listen on 127.0.0.1, not on %s, or leave --dev out", s.Listen)
	}
	if u, err := url.Parse(s.PublicURL); err == nil && u.Host != "" && !web.Loopback(u.Hostname()) {
		return fmt.Errorf("--dev shows every mail to everybody who can reach it: public-url must be http://localhost:PORT, not %s, or leave --dev out", s.PublicURL)
	}
	return nil
}

func (s *Settings) checkProduction() error {
	if s.DevWith != (DevSettings{}) {
		return errors.New("settings that begin with dev- weaken the server and need --dev; remove them")
	}
	if s.PublicURL == "" {
		return errors.New("public-url is missing: links, cookies and tokens rest on it; " +
			"say where browsers reach this server (--public-url https://id.example.com), or try it on this machine with --dev")
	}
	// Threat: passwords and cookies read on their way (GEN-13).
	if !onlyHere(s.Listen) && len(s.TrustedProxies) == 0 && !s.TLS.on() {
		return fmt.Errorf("plain http on %s would carry passwords in clear: put a proxy that ends TLS in front "+
			"and name it (--trusted-proxies 10.0.0.5/32), end it here (--tls-cert and --tls-key, or --tls-acme), or listen on 127.0.0.1", s.Listen)
	}
	if s.HTTPListen != "" && !s.TLS.on() {
		return errors.New("http-listen sends whoever comes to https, and this server does not end TLS: name a certificate (--tls-cert, --tls-key), or let the proxy do it")
	}
	if s.SMTP.Addr == "" && s.Verification == "on" {
		return errors.New("smtp-addr is missing: addresses are proved by mail; " +
			"name a mail server (--smtp-addr, --smtp-from), or turn verification off for a closed network")
	}
	return nil
}

// onlyHere reports whether a listener can be reached from this machine only.
func onlyHere(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && web.Loopback(host)
}

// mailer returns who delivers mail, nil if nobody was named.
func (s *Settings) mailer() (gatehouse.Mailer, error) {
	if s.SMTP.Addr == "" {
		return nil, nil
	}
	password, err := secretFile(s.SMTP.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("smtp-password-file: %w", err)
	}
	m := &gatehouse.SMTP{
		Addr: s.SMTP.Addr, From: s.SMTP.From, Username: s.SMTP.Username, Password: password, TLS: notify.TLSMode(s.SMTP.TLS),
	}
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("smtp: %w", err)
	}
	return m, nil
}

// secretFile returns the one line of a file that only its owner may read, "" for no file.
func secretFile(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if err := onlyOwners(path, info); err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", remedied(err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

// onlyOwners refuses the file of a secret that others than its owner may read.
func onlyOwners(path string, info os.FileInfo) error {
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others than its owner; run: chmod 600 %s", path, path)
	}
	return nil
}
