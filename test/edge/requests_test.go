package edge_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// raw sends bytes as they are and reads the first answer; nil if the connection was just closed.
func (h *house) raw(text string) *http.Response {
	h.Helper()
	conn, err := tls.Dial("tcp", h.server.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	must(h, err)
	h.Cleanup(func() { _ = conn.Close() })
	must(h, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, strings.ReplaceAll(text, "\n", "\r\n"))
	must(h, err)
	method, _, _ := strings.Cut(text, " ")
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return nil
	}
	return response
}

// What no browser sends is answered with sense, and nothing of it comes back (BUG-40, V13.4.4): TRACE is
// refused like any method that a path does not know, a Host that is not ours changes nothing, and
// what could be understood in two ways is refused by net/http before it comes to the house.
func TestOddRequests(t *testing.T) {
	h := open(t, secured)
	for _, c := range []struct {
		what, text string
		status     int
	}{
		{"TRACE", "TRACE /login HTTP/1.1\nHost: id.example.com\nCookie: evil=1\nX-Evil: evil\n\n", 405},
		{"TRACE of everything", "TRACE * HTTP/1.1\nHost: id.example.com\n\n", 404},
		{"TRACK", "TRACK / HTTP/1.1\nHost: id.example.com\n\n", 405},
		{"OPTIONS of everything", "OPTIONS * HTTP/1.1\nHost: id.example.com\n\n", 404},
		{"OPTIONS", "OPTIONS /login HTTP/1.1\nHost: id.example.com\n\n", 405},
		{"CONNECT", "CONNECT evil.example:443 HTTP/1.1\nHost: evil.example:443\n\n", 405},
		{"CONNECT to a path", "CONNECT /login HTTP/1.1\nHost: evil.example\n\n", 405},
		{"an invented method", "EVIL /login HTTP/1.1\nHost: id.example.com\n\n", 405},
		{"HTTP/1.0 without a host", "GET /login HTTP/1.0\n\n", 200},
		{"HTTP/1.1 without a host", "GET /login HTTP/1.1\n\n", 400},
		{"two hosts", "GET /login HTTP/1.1\nHost: id.example.com\nHost: evil.example\n\n", 400},
		{"a host that is none", "GET /login HTTP/1.1\nHost: evil example<script>\n\n", 400},
		{"another host", "GET /login HTTP/1.1\nHost: evil.example\n\n", 200},
		{"the target of a proxy", "GET http://evil.example/login HTTP/1.1\nHost: id.example.com\n\n", 200},
		{"the target of a proxy, unknown", "GET http://evil.example/evil HTTP/1.1\nHost: id.example.com\n\n", 404},
		{"two lengths", "POST /login HTTP/1.1\nHost: id.example.com\nContent-Length: 1\nContent-Length: 2\n\nab", 400},
		{"a length that is none", "POST /login HTTP/1.1\nHost: id.example.com\nContent-Length: +1\n\na", 400},
		{"an unknown transfer", "POST /login HTTP/1.1\nHost: id.example.com\nTransfer-Encoding: evil\n\n", 501},
		{"two transfers", "POST /login HTTP/1.1\nHost: id.example.com\nTransfer-Encoding: chunked\nTransfer-Encoding: identity\n\n0\n\n", 501},
		{"a transfer that hides", "POST /login HTTP/1.1\nHost: id.example.com\nTransfer-Encoding: \x0bchunked\n\n0\n\n", 400},
		{"a chunk that is none", "POST /login HTTP/1.1\nHost: id.example.com\nTransfer-Encoding: chunked\n\nevil\n\n", 415},
		{"a space before the colon", "GET /login HTTP/1.1\nHost: id.example.com\nX-Evil : 1\n\n", 400},
		{"a folded line", "GET /login HTTP/1.1\nHost: id.example.com\n folded\n\n", 400},
		{"a newline in a value", "GET /login HTTP/1.1\nHost: id.example.com\nX-A: a\x00b\n\n", 400},
		{"another version", "GET /login HTTP/3.0\nHost: id.example.com\n\n", 505},
	} {
		r := h.raw(c.text)
		if r == nil {
			t.Errorf("%s: no answer", c.what)
			continue
		}
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		_ = r.Body.Close()
		if r.StatusCode != c.status || r.Header.Get("Server") != "" || strings.Contains(string(body)+dump(r.Header), "evil") && c.status < 500 {
			t.Errorf("%s: %d, want %d: %v %s", c.what, r.StatusCode, c.status, r.Header, body)
		}
	}
}

func dump(h http.Header) string {
	var text strings.Builder
	_ = h.Write(&text) // a Builder does not fail
	return strings.ToLower(text.String())
}

// No answer has anything of the host that a request names, by whichever field (BUG-40): not in a
// link, not in a redirect, not in a document.
func TestHostIsNotReflected(t *testing.T) {
	h := open(t, secured)
	h.person()
	signedIn := h.reader()
	signedIn.signIn("cookie")
	sends := []string{
		"Host", "evil.example", "X-Forwarded-Host", "evil.example", "Forwarded", `for=192.0.2.1;host=evil.example`, "X-Host", "evil.example",
		"X-Forwarded-Server", "evil.example", "X-Original-Host", "evil.example", "X-Original-URL", "/evil.example", "X-Rewrite-Url", "/evil.example",
		"Referer", "https://evil.example/", "X-Forwarded-Prefix", "/evil.example",
	}
	for _, v := range []*visitor{h.reader(), signedIn, h.visitor()} {
		for _, path := range append(h.gets(), "/nowhere") {
			for _, more := range [][]string{nil, {"X-Forwarded-Proto", "http"}} {
				if a := v.do("GET", path, "", slices.Concat(sends, more)...); strings.Contains(a.text+dump(a.header), "evil") {
					t.Errorf("%s: %d %v %s", path, a.status, a.header, a.text)
				}
			}
		}
		for _, body := range []string{"email=a&password=b", `{"email":1}`} {
			if a := v.do("POST", "/login", body, sends...); strings.Contains(a.text+dump(a.header), "evil") {
				t.Errorf("%d %v %s", a.status, a.header, a.text)
			}
		}
	}
}
