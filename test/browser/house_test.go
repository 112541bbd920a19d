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
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// A house is an assembled Gatehouse behind a server.
type house struct {
	*testing.T
	url  string
	mail *notify.Capture
	gate *gatehouse.Gate
}

func open(t *testing.T) *house {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "house.db"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	port := server.Listener.Addr().(*net.TCPAddr).Port
	h := &house{T: t, url: "http://localhost:" + strconv.Itoa(port), mail: &notify.Capture{}}
	h.gate, err = gatehouse.New(t.Context(), gatehouse.Config{
		DB: db, PublicURL: h.url, MasterKey: make([]byte, 32), Mailer: h.mail, Product: "Acme",
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 8192, Time: 1, Parallelism: 1}},
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
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
