package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/web"
)

// A panic costs one request: its client is told nothing of it, the log everything.
func TestDoorSurvivesPanics(t *testing.T) {
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		want    int // 0: the connection breaks
	}{
		{"before the answer", func(http.ResponseWriter, *http.Request) { panic("oops") }, http.StatusInternalServerError},
		{"within the answer", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half")
			panic("oops")
		}, 0},
		{"on purpose", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0},
		{"not at all", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "whole") }, http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			server := opened(&log, c.handler)
			res, err := http.Get(server.URL + "/x?token=geheim")
			status := 0
			if err == nil {
				status = res.StatusCode
				_, err = io.ReadAll(res.Body)
				_ = res.Body.Close()
			}
			server.Close() // which waits for the log
			if c.want == 0 && err == nil || c.want != 0 && (err != nil || status != c.want) {
				t.Errorf("answered %d, %v", status, err)
			}
			panicked := strings.Contains(c.name, "answer")
			if text := log.String(); strings.Contains(text, "door_test.go") != panicked || strings.Contains(text, "geheim") {
				t.Errorf("logged %s", text)
			}
		})
	}
}

// opened serves a handler behind a door.
func opened(log io.Writer, h http.Handler) *httptest.Server {
	logger := slog.New(slog.NewJSONHandler(log, nil))
	public := &url.URL{Scheme: "http", Host: "localhost"}
	d := &door{next: h, site: &web.Site{Public: public, Now: time.Now, Log: logger}, log: logger, measure: func(*http.Request, int, time.Duration) {}}
	server := httptest.NewUnstartedServer(d)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	server.Start()
	return server
}

// Whatever somebody pastes is read or refused; what was read is JSON.
func FuzzRead(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl")
	f.Add("..")
	f.Add("bnVsbA.W10.")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := read(text)
		if (r == nil) == (err == nil) {
			t.Fatalf("%+v, %v", r, err)
		}
		if err == nil && (!json.Valid(r.header.Bytes()) || !json.Valid(r.claims.Bytes())) {
			t.Errorf("%s is no JSON", &r.claims)
		}
	})
}
