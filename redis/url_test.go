package redis

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for url, want := range map[string]place{
		"redis://localhost":                            {addr: "localhost:6379", prefix: "gatehouse:"},
		"redis://127.0.0.1:7000/2":                     {addr: "127.0.0.1:7000", number: 2, prefix: "gatehouse:"},
		"redis://[::1]/":                               {addr: "[::1]:6379", prefix: "gatehouse:"},
		"redis://:p%40ss@localhost?prefix=staging:":    {addr: "localhost:6379", password: "p@ss", prefix: "staging:"},
		"redis://gate:secret@redis.internal:1?tls=off": {addr: "redis.internal:1", user: "gate", password: "secret", prefix: "gatehouse:"},
	} {
		got, err := parse(url)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", url, got, err)
		}
	}
	got, err := parse("rediss://redis.example.com")
	if err != nil || got.tls == nil || got.tls.ServerName != "redis.example.com" || got.tls.InsecureSkipVerify {
		t.Errorf("rediss: %+v, %v", got, err)
	}
}

// Threat: a password in clear text, or a misspelt wish that nobody heeds.
func TestParseRefuses(t *testing.T) {
	for _, url := range []string{
		"", "localhost:6379", "redis:", "redis://", "redis://:secret@", "http://localhost", "redis:localhost",
		"redis://redis.internal", "redis://:secret@10.0.0.1", "redis://localhost.example.com", "redis://:secret@[fd00::1]",
		"redis://localhost/zero", "redis://localhost/-1", "redis://localhost/1/2", "redis://localhost#1",
		"redis://localhost?tls=on", "redis://localhost?prefix=", "redis://localhost?skip_verify=1", "redis://localhost?a=%zz",
		"rediss://redis.internal?tls=off", "redis://:secret%@localhost", "redis://:secret@localhost:port",
	} {
		if got, err := parse(url); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v, %v", url, got, err)
		}
	}
}

// Nothing that is parsed is asked in clear text from afar without a word.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"redis://localhost", "rediss://a:b@c:1/2?prefix=d", "redis://10.0.0.1?tls=off", "redis://:secret@[::1]:7/1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		p, err := parse(url)
		if err != nil {
			return
		}
		if p.addr == "" || p.prefix == "" || p.number < 0 {
			t.Errorf("%q: %+v", url, p)
		}
		host := strings.Trim(p.addr[:strings.LastIndex(p.addr, ":")], "[]")
		if p.tls == nil && !loopback(host) && !strings.Contains(url, "off") {
			t.Errorf("%q is asked in clear text", url)
		}
	})
}
