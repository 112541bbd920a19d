package main_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	blog   = "http://localhost:8080"
	person = `{"email":"ada@example.com","password":"correct horse battery"}`
)

// The example does what the tutorial says: whoever is signed in writes, everybody deletes
// their own, and for them there is no other (TST-02, AUZ-17).
func TestBlog(t *testing.T) {
	if l, err := net.Listen("tcp", "localhost:8080"); err != nil {
		t.Fatalf("the example needs port 8080: %v", err)
	} else if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	program := filepath.Join(folder, "embed")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.Command(program)
	run.Dir = folder
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = run.Process.Kill()
		_ = run.Wait()
	})
	awake(t)
	ask(t, "POST", "/auth/register", "", person, http.StatusCreated)
	var in struct{ AccessToken string }
	if err := json.Unmarshal(ask(t, "POST", "/auth/login", "", person, http.StatusOK), &in); err != nil {
		t.Fatal(err)
	}
	ask(t, "PUT", "/posts/1", "", "", http.StatusUnauthorized)
	ask(t, "PUT", "/posts/1", in.AccessToken, "", http.StatusOK)
	ask(t, "DELETE", "/posts/2", in.AccessToken, "", http.StatusNotFound)
	ask(t, "DELETE", "/posts/1", in.AccessToken, "", http.StatusOK)
	ask(t, "POST", "/auth/logout", in.AccessToken, "", http.StatusOK)
	ask(t, "PUT", "/posts/3", in.AccessToken, "", http.StatusUnauthorized)
}

// awake waits for the program, for ten seconds at the most.
func awake(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(blog + "/readyz"); err == nil {
			_ = res.Body.Close()
			return
		}
	}
	t.Fatal("the example does not answer")
}

func ask(t *testing.T, method, path, token, body string, want int) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, blog+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text := make([]byte, 4096)
	n, _ := res.Body.Read(text)
	if res.StatusCode != want {
		t.Fatalf("%s %s: %s %s, want %d", method, path, res.Status, text[:n], want)
	}
	return text[:n]
}
