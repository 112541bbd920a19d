package pages_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/notify"
	"github.com/gatehouse-id/gatehouse/sqlite"
)

// A house is an assembled Gatehouse behind a server, with a clock of its own.
type house struct {
	*testing.T
	public *url.URL
	gate   *gatehouse.Gate
	mail   *notify.Capture

	mu  sync.Mutex
	now time.Time
}

func open(t *testing.T, changes ...func(*gatehouse.Config)) *house {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "house.db"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	port := server.Listener.Addr().(*net.TCPAddr).Port
	h := &house{T: t, mail: &notify.Capture{}, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}
	c := gatehouse.Config{
		Breaches: gatehouse.Breaches{Off: true}, DB: db, PublicURL: "http://localhost:" + strconv.Itoa(port), MasterKey: make([]byte, 32), Mailer: h.mail, Product: "Acme",
		Passwords: gatehouse.Passwords{Hash: gatehouse.PasswordCost{Memory: 64, Time: 1, Parallelism: 1}},
		Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)), Now: h.clock,
	}
	for _, change := range changes {
		change(&c)
	}
	if h.public, err = url.Parse(c.PublicURL); err != nil {
		t.Fatal(err)
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

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// letter waits for the next mail.
func (h *house) letter() notify.Captured {
	h.Helper()
	for range 1000 {
		if list := h.mail.List(); len(list) > 0 {
			h.mail.Clear()
			return list[0]
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.Fatal("no mail came")
	return notify.Captured{}
}

// letterTo waits for a mail to an address.
func (h *house) letterTo(email string) notify.Captured {
	h.Helper()
	for range 1000 {
		for _, m := range h.mail.List() {
			if m.To == email {
				return m
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	h.Fatalf("no mail came for %s", email)
	return notify.Captured{}
}

// A person is somebody with a browser: cookies, and the header fields that it sends.
type person struct {
	*house
	client *http.Client
	sends  map[string]string
	route  []string // the redirects of the last request
}

func (h *house) person() *person {
	jar, _ := cookiejar.New(nil)
	p := &person{house: h, sends: map[string]string{
		"Accept": "text/html", "Sec-Fetch-Site": "same-origin", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	}}
	p.client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		p.route = append(p.route, strconv.Itoa(r.Response.StatusCode)+" "+strings.TrimPrefix(r.URL.String(), "http://"+r.URL.Host))
		return nil
	}}
	return p
}

// A page is what a person looks at.
type page struct {
	*person
	status int
	header http.Header
	url    *url.URL
	text   string
	root   *html.Node
}

func (p *person) do(method, path, body string) *page {
	p.Helper()
	if strings.HasPrefix(path, "/") {
		path = "http://" + p.public.Host + path
	}
	r, err := http.NewRequestWithContext(p.Context(), method, path, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	for name, value := range p.sends {
		r.Header.Set(name, value)
	}
	if method == http.MethodPost && p.sends["Content-Type"] == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	p.route = nil
	answer, err := p.client.Do(r)
	if err != nil {
		p.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		p.Fatal(err)
	}
	root, err := html.Parse(strings.NewReader(string(text)))
	if err != nil {
		p.Fatal(err)
	}
	return &page{p, answer.StatusCode, answer.Header, answer.Request.URL, string(text), root}
}

func (p *person) open(path string) *page {
	p.Helper()
	return p.do(http.MethodGet, path, "")
}

// all returns the elements of a page that fit.
func (pg *page) all(fits func(*html.Node) bool) (list []*html.Node) {
	for n := range pg.root.Descendants() {
		if n.Type == html.ElementNode && fits(n) {
			list = append(list, n)
		}
	}
	return list
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// title returns what the tab says.
func (pg *page) title() string {
	for _, n := range pg.all(func(n *html.Node) bool { return n.Data == "title" }) {
		return words(n)
	}
	return ""
}

// submit fills in the first form that is sent to action, as its page made it, and sends it.
// Pairs are a name and a value, and so on.
func (pg *page) submit(action string, pairs ...string) *page {
	pg.Helper()
	forms := pg.all(func(n *html.Node) bool {
		return n.Data == "form" && (attr(n, "action") == action || strings.HasPrefix(attr(n, "action"), action+"?"))
	})
	if len(forms) == 0 {
		pg.Fatalf("%s has no form for %s:\n%s", pg.url, action, pg.text)
	}
	form := url.Values{}
	for n := range forms[0].Descendants() {
		if n.Data == "input" && (attr(n, "type") != "checkbox" || strings.Contains(fmt.Sprint(n.Attr), "checked")) {
			form.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return pg.do(http.MethodPost, attr(forms[0], "action"), form.Encode())
}

// is fails unless the page has a status, a title and all the texts.
func (pg *page) is(status int, title string, texts ...string) *page {
	pg.Helper()
	if pg.status != status || strings.TrimSuffix(pg.title(), " – Acme") != title {
		pg.Fatalf("%s: %d %q, not %d %q", pg.url, pg.status, pg.title(), status, title)
	}
	for _, text := range texts {
		if !strings.Contains(words(pg.root), text) {
			pg.Errorf("%s does not say %q but %q", pg.url, text, words(pg.root))
		}
	}
	return pg
}

// came fails unless these redirects led to the page.
func (pg *page) came(route ...string) *page {
	pg.Helper()
	if fmt.Sprint(pg.route) != fmt.Sprint(route) {
		pg.Errorf("the way was %q, not %q", pg.route, route)
	}
	return pg
}

const (
	ada      = "ada@example.com"
	secret   = "horses gallop at dawn"
	newWords = "owls whisper after dusk"
)

// register makes the account of Ada in the browser of p.
func (p *person) register() {
	p.Helper()
	at := p.public.Path // where the house is mounted
	p.open(at+"/signup").submit(at+"/signup", "name", "Ada Okafor", "email", ada, "password", secret).is(http.StatusOK, "Check your mail")
	p.open(p.letter().Links[0]).submit(at+"/verify-email").is(http.StatusOK, "Your address is confirmed")
}

func (p *person) signIn() *page {
	p.Helper()
	return p.open("/login").submit("/login", "email", ada, "password", secret).is(http.StatusOK, "Profile")
}
