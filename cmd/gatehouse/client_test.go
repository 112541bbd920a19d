package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// ask sends a request and prints status, type and body: ask METHOD PATH [BODY] ["Name:
// value"...]. It keeps an access token that comes back in $token.
func ask(ts *testscript.TestScript, _ bool, args []string) {
	text := answer(ts, args)
	fmt.Fprint(ts.Stdout(), text)
	if m := regexp.MustCompile(`"accessToken":"([^"]+)"`).FindStringSubmatch(text); m != nil {
		ts.Setenv("token", m[1])
	}
}

// eventually asks until the answer matches: eventually PATTERN METHOD PATH... It is for
// what another process changes.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile(args[0])
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		text := answer(ts, args[1:])
		if want.MatchString(text) {
			fmt.Fprint(ts.Stdout(), text)
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("never matched %s:\n%s", args[0], text)
		}
	}
}

func answer(ts *testscript.TestScript, args []string) string {
	res, err := http.DefaultTransport.RoundTrip(request(ts, args))
	ts.Check(err)
	return describe(ts, res)
}

func request(ts *testscript.TestScript, args []string) *http.Request {
	place := args[1]
	if strings.HasPrefix(place, "/") {
		place = ts.Getenv("url") + place
	}
	var body io.Reader
	headers := args[2:]
	if len(headers) > 0 && strings.HasPrefix(headers[0], "{") {
		body, headers = strings.NewReader(headers[0]), headers[1:]
	}
	r, err := http.NewRequestWithContext(context.Background(), args[0], place, body)
	ts.Check(err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	return r
}

func describe(ts *testscript.TestScript, res *http.Response) string {
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	return fmt.Sprintf("%d %s\nConnection-Close: %v\n%s\n", res.StatusCode, res.Header.Get("Content-Type"), res.Close, body)
}

// credential keeps the ID of a client that was just shown in $client, and with its secret, as
// Basic sends them, in $basic.
func credential(ts *testscript.TestScript, _ bool, _ []string) {
	m := regexp.MustCompile(`client_id (\S+)\nclient_secret (\S+)\n`).FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("no client was shown")
	}
	ts.Setenv("client", m[1])
	ts.Setenv("basic", base64.StdEncoding.EncodeToString([]byte(m[1]+":"+m[2])))
}

// held is a request of which the server has seen the head only.
type held struct {
	conn net.Conn
	in   *bufio.Reader
	rest string
}

// hold begins a request and stops in the middle of its body: hold PATH BODY.
func hold(ts *testscript.TestScript, _ bool, args []string) {
	u, err := url.Parse(ts.Getenv("url"))
	ts.Check(err)
	conn, err := net.Dial("tcp", strings.Replace(u.Host, "localhost", "127.0.0.1", 1))
	ts.Check(err)
	ts.Defer(func() { _ = conn.Close() })
	half := len(args[1]) / 2
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		args[0], u.Host, len(args[1]))
	ts.Check(err)
	// "100 Continue" says that the handler reads the body: the request is under way.
	in := bufio.NewReader(conn)
	for _, want := range []string{"HTTP/1.1 100 Continue\r\n", "\r\n"} {
		if line, err := in.ReadString('\n'); line != want {
			ts.Fatalf("the server answered %q, %v", line, err)
		}
	}
	_, err = io.WriteString(conn, args[1][:half])
	ts.Check(err)
	worldOf(ts).held = &held{conn, in, args[1][half:]}
}

// release sends the rest of the held request and prints the answer.
func release(ts *testscript.TestScript, _ bool, _ []string) {
	h := worldOf(ts).held
	_, err := io.WriteString(h.conn, h.rest)
	ts.Check(err)
	res, err := http.ReadResponse(h.in, nil)
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), describe(ts, res))
}
