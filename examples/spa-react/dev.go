package main

import (
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gatehouse-id/gatehouse"
)

// dev is what stands in for the world while one develops: mails that stay here for everybody to read, and a clock that
// everybody can move. Nothing of it belongs into production.
type dev struct {
	mu     sync.Mutex
	mails  []gatehouse.Mail // oldest first
	offset time.Duration
}

// Send makes dev a gatehouse.Mailer.
func (d *dev) Send(_ context.Context, m gatehouse.Mail) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mails = append(d.mails, m)
	return nil
}

// now is the time by the clock that can be moved.
func (d *dev) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Add(d.offset)
}

func (d *dev) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /dev/outbox", d.outbox)
	mux.HandleFunc("GET /dev/clock", d.clock)
	mux.HandleFunc("POST /dev/clock", d.move)
}

// letters shows mails. It has no script, and its links are ours.
var letters = template.Must(template.New("outbox").Parse(`<!doctype html><html lang="en"><title>Mails</title><meta name="viewport" content="width=device-width">
<h1>Mails</h1>{{range .}}<article><h2>{{.Subject}}</h2><p>to {{.To}}</p>{{range .Links}}<p><a href="{{.}}">{{.}}</a></p>{{end}}{{with .Code}}<p>{{.}}</p>{{end}}</article>{{else}}<p>None yet.</p>{{end}}`))

// outbox shows the newest mail first: as a page, and to programs as JSON.
func (d *dev) outbox(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	mails := slices.Clone(d.mails)
	d.mu.Unlock()
	slices.Reverse(mails)
	if r.Header.Get("Accept") == "application/json" {
		_ = json.NewEncoder(w).Encode(mails)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	_ = letters.Execute(w, mails)
}

// clock says by how many minutes the clock has been moved.
func (d *dev) clock(w http.ResponseWriter, _ *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _ = fmt.Fprint(w, d.offset.Minutes())
}

// move sets the clock: POST /dev/clock?offset=20m.
func (d *dev) move(w http.ResponseWriter, r *http.Request) {
	offset, err := time.ParseDuration(r.URL.Query().Get("offset"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	d.offset = offset
	d.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// only answers on the host of origin. Threat: a page of elsewhere whose name is made to lead to this machine
// (DNS rebinding) could read the mails.
func only(origin string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(origin, "://"+r.Host) {
			http.Error(w, "This blog is at "+origin, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
