// Package browser_test drives the hosted pages in Chromium: by clicks, as people do.
package browser_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/audit"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// A house is an assembled Gatehouse behind a server, with a clock that can be put forward.
type house struct {
	*testing.T
	url   string
	mail  *notify.Capture
	gate  *gatehouse.Gate
	ahead atomic.Int64 // of the clock on the wall
}

func (h *house) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// wait lets time pass in the house alone; the browser notices nothing.
func (h *house) wait(d time.Duration) { h.ahead.Add(int64(d)) }

// open opens a house of its own for a test, which from here on runs beside others.
func open(t *testing.T, changes ...func(*gatehouse.Config)) *house {
	t.Helper()
	t.Parallel()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "house.db"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	port := server.Listener.Addr().(*net.TCPAddr).Port
	h := &house{T: t, url: "http://localhost:" + strconv.Itoa(port), mail: &notify.Capture{}}
	c := gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, Risk: gatehouse.Risk{Off: true}, DB: db, PublicURL: h.url, MasterKey: make([]byte, 32), Mailer: h.mail, Product: "Acme", Now: h.now,
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, change := range changes {
		change(&c)
	}
	if h.gate, err = gatehouse.New(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = h.gate.Handler()
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if err := h.gate.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// link waits for the next mail and returns its link.
func (h *house) link() string {
	h.Helper()
	for range 500 {
		if list := h.mail.List(); len(list) > 0 {
			h.mail.Clear()
			return list[0].Links[0]
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.Fatal("no mail came")
	return ""
}

// letter waits for a mail with a subject to an address; mails come in no order.
func (h *house) letter(email, subject string) notify.Captured {
	h.Helper()
	for range 500 {
		for _, m := range h.mail.List() {
			if m.To == email && strings.Contains(m.Subject, subject) {
				return m
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.Fatalf("no mail %q came for %s", subject, email)
	return notify.Captured{}
}

// linkTo waits for the newest mail to an address with a link to a path, and returns the link.
func (h *house) linkTo(email, path string) string {
	h.Helper()
	for range 500 {
		for _, m := range h.mail.List() {
			for _, link := range m.Links {
				if m.To == email && strings.HasPrefix(link, h.url+path+"?") {
					return link
				}
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	h.Fatalf("no link to %s was mailed to %s", path, email)
	return ""
}

// events returns what the log has of a type, the newest first.
func (h *house) events(kind string) []identity.Event {
	h.Helper()
	list, _, err := h.gate.Log.List(h.Context(), audit.Query{Type: kind})
	if err != nil {
		h.Fatal(err)
	}
	return list
}
