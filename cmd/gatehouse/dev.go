package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/internal/web"
)

// dev is what a server has for development only: mails that anybody on this machine may
// read, and a clock that anybody on this machine may move.
type dev struct {
	clock clock
	mails notify.Capture
	site  *web.Site
}

// routes are those below /dev. Changing anything needs the proof that no other page made the
// browser send it.
func (d *dev) routes(site *web.Site, other http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", other)
	d.site = site
	under := site.Mount() + "/dev/"
	mux.Handle("GET "+under+"outbox", web.Handler(d.outbox))
	mux.Handle("GET "+under+"outbox.css", web.Handler(d.style))
	mux.Handle("DELETE "+under+"outbox", d.ours(d.empty))
	mux.Handle("GET "+under+"clock", web.Handler(d.showClock))
	mux.Handle("POST "+under+"clock", d.ours(d.moveClock))
	return mux
}

// ownHost refuses requests for any host but that of the public URL. Threat: a page of
// elsewhere whose name is made to lead to 127.0.0.1 (DNS rebinding) could read the mails.
func ownHost(site *web.Site, next http.Handler) http.Handler {
	elsewhere := *identity.ErrForbidden
	elsewhere.Message = "A development server answers only at " + site.URL("/")
	return web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		if !strings.EqualFold(r.Host, site.Public.Host) {
			return &elsewhere
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

func (d *dev) ours(next web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if d.site.ProvenanceOf(r) != web.Ours {
			return identity.ErrCSRF
		}
		return next(w, r)
	}
}

// A mail is a message as /dev/outbox shows it.
type mail struct {
	ID      identity.MailID `json:"id"`
	At      time.Time       `json:"at"`
	Channel string          `json:"channel"`
	To      string          `json:"to"`
	Subject string          `json:"subject"`
	Text    string          `json:"text"`
	HTML    string          `json:"html"`
	Links   []string        `json:"links"`
	Code    *string         `json:"code"`
}

func (d *dev) list() []mail {
	list := []mail{}
	for _, c := range d.mails.List() {
		m := mail{ID: c.ID, At: c.At.UTC(), Channel: c.Channel, To: c.To, Subject: c.Subject, Text: c.Text, HTML: c.HTML, Links: c.Links}
		if c.Code != "" {
			m.Code = &c.Code
		}
		if m.Links == nil {
			m.Links = []string{}
		}
		list = append(list, m)
	}
	return list
}

var (
	//go:embed outbox.html
	outboxPage string
	//go:embed outbox.css
	outboxStyle []byte

	outboxTemplate = template.Must(template.New("outbox").Parse(outboxPage))
)

// outbox shows the mails: as a page to browsers, as JSON to everybody else.
func (d *dev) outbox(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Vary", "Accept")
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		return web.JSON(w, http.StatusOK, map[string]any{"items": d.list()})
	}
	var page bytes.Buffer
	if err := outboxTemplate.Execute(&page, map[string]any{"Mails": d.list(), "Style": d.site.Mount() + "/dev/outbox.css"}); err != nil {
		return err
	}
	return d.send(w, "text/html; charset=utf-8", page.Bytes())
}

func (d *dev) style(w http.ResponseWriter, _ *http.Request) error {
	return d.send(w, "text/css; charset=utf-8", outboxStyle)
}

// send shows the page without any script: what is in a mail may come from a stranger.
func (d *dev) send(w http.ResponseWriter, media string, body []byte) error {
	h := w.Header()
	h.Set("Content-Type", media)
	d.site.Show(h, web.Plain)
	_, err := w.Write(body)
	return err
}

func (d *dev) empty(w http.ResponseWriter, _ *http.Request) error {
	d.mails.Clear()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (d *dev) showClock(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, map[string]any{"offset": short(d.clock.offset()), "now": d.clock.now().UTC()})
}

func (d *dev) moveClock(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Offset string `json:"offset"`
	}
	if err := web.Decode(w, r, &in); err != nil {
		return err
	}
	offset, err := time.ParseDuration(in.Offset)
	if err != nil {
		return identity.ErrInvalid.With("offset", `is not a duration such as "2h" or "-90s"`)
	}
	d.clock.set(offset)
	return d.showClock(w, r)
}
