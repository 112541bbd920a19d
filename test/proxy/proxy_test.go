package proxy_test

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program finds a program that Debian keeps off the PATH of users.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found
		}
	}
	t.Fatalf("%s is missing; ./scripts/test installs it", name)
	return ""
}

// example returns a configuration of examples/proxy for the places of a test.
func example(t *testing.T, name string, places ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "proxy", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(places); i += 2 {
		if !strings.Contains(string(text), places[i]) {
			t.Errorf("%s has no %q", name, places[i])
		}
		text = bytes.ReplaceAll(text, []byte(places[i]), []byte(places[i+1]))
	}
	return string(text)
}

// run starts a program in a folder and waits until it listens. It ends with the test.
func run(t *testing.T, url, folder string, command ...string) {
	t.Helper()
	var said bytes.Buffer
	c := exec.CommandContext(t.Context(), command[0], command[1:]...)
	c.Dir, c.Stdout, c.Stderr = folder, &said, &said
	c.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+folder, "XDG_DATA_HOME="+folder)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil && t.Failed() {
			t.Log(err) // of the signal, or not
		}
		if t.Failed() {
			t.Logf("%s:\n%s", command[0], said.String())
		}
	})
	for range 500 {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s: %v\n%s", command[0], err, said.String())
		case <-time.After(20 * time.Millisecond):
		}
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if response, err := http.DefaultTransport.RoundTrip(r); err == nil {
			_ = response.Body.Close()
			return
		}
	}
	t.Fatalf("%s does not answer", command[0])
}

func nginx(t *testing.T, elsewhere bool) *front {
	t.Helper()
	at := free(t)
	f, gate, app, files := open(t, "http://"+at, elsewhere)
	folder := t.TempDir()
	name, places := "nginx.conf", []string{
		"127.0.0.1:8080", gate, "127.0.0.1:3000", app, "listen 443 ssl;", "listen " + at + ";", "server_name app.example.com;", "",
		"ssl_certificate /etc/ssl/app.example.com.crt;", "", "ssl_certificate_key /etc/ssl/app.example.com.key;", "",
		"__Host-", "", // over plain http cookies have no prefix
	}
	if elsewhere {
		name = "another-host/" + name
	} else {
		places = append(places, "/var/www", files)
	}
	server := example(t, name, places...)
	config := "daemon off; master_process off; pid nginx.pid; error_log stderr;\nevents {}\nhttp {\naccess_log off; default_type text/html;\n"
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		config += kind + "_temp_path " + filepath.Join(folder, kind) + ";\n"
	}
	f.Must(os.WriteFile(filepath.Join(folder, "nginx.conf"), []byte(config+server+"}\n"), 0o600))
	run(t, f.url, folder, program(t, "nginx"), "-p", folder, "-c", "nginx.conf", "-e", "stderr")
	return f
}

func caddy(t *testing.T, elsewhere bool) *front {
	t.Helper()
	at := free(t)
	f, gate, app, files := open(t, "http://"+at, elsewhere)
	folder := t.TempDir()
	name, places := "Caddyfile", []string{"127.0.0.1:8080", gate, "127.0.0.1:3000", app, "app.example.com {", "http://" + at + " {", "__Host-", ""}
	if elsewhere {
		name = "another-host/" + name
	} else {
		places = append(places, "/var/www", files)
	}
	site := example(t, name, places...)
	f.Must(os.WriteFile(filepath.Join(folder, "Caddyfile"), []byte("{\nadmin off\nauto_https off\n}\n"+site), 0o600))
	run(t, f.url, folder, program(t, "caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile")
	return f
}
