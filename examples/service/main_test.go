package main_test

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The example runs, starts without its issuer, and lets nobody in whom it cannot know.
func TestService(t *testing.T) {
	program := filepath.Join(t.TempDir(), "service")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	at := free(t)
	run := exec.Command(program)
	run.Env = append(os.Environ(), "ISSUER=http://"+free(t), "CLIENT_ID=cli_1", "CLIENT_SECRET=s3cret", "LISTEN="+at)
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	for _, c := range []struct {
		method, path, token string
		want                int
	}{
		{"GET", "/feed", "", http.StatusUnauthorized},
		{"GET", "/feed", "Bearer x", http.StatusServiceUnavailable},
		{"POST", "/payments", "Bearer x", http.StatusServiceUnavailable},
		{"GET", "/elsewhere", "", http.StatusNotFound},
	} {
		if got := ask(t, c.method, "http://"+at+c.path, c.token); got != c.want {
			t.Errorf("%s %s %q: %d, want %d", c.method, c.path, c.token, got, c.want)
		}
	}
}

// free returns an address of this machine where nobody listens.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// ask waits for the program, for ten seconds at the most.
func ask(t *testing.T, method, address, token string) int {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		r, err := http.NewRequestWithContext(t.Context(), method, address, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", token)
		if res, err := http.DefaultClient.Do(r); err == nil {
			_ = res.Body.Close()
			return res.StatusCode
		}
	}
	t.Fatal("the example does not answer")
	return 0
}
