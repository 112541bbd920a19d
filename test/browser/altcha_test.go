package browser_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse"
	"github.com/gatehouse-id/gatehouse/internal/captcha"
)

// easy makes the work short.
func easy(c *gatehouse.Config) { c.Captcha.Difficulty = captcha.MinDifficulty }

// altcha asks the library altcha-lib, of the authors of ALTCHA.
func (h *house) altcha(question map[string]any) (said struct {
	Payload  string
	Verified bool
},
) {
	h.Helper()
	text, err := json.Marshal(question)
	if err != nil {
		h.Fatal(err)
	}
	node := exec.CommandContext(h.Context(), "node", "altcha.mjs")
	var complaint bytes.Buffer
	node.Stdin, node.Stderr = bytes.NewReader(text), &complaint
	out, err := node.Output()
	if err != nil {
		h.Fatalf("npm ci in test/browser brings altcha-lib: %v\n%s", err, complaint.String())
	}
	if err := json.Unmarshal(out, &said); err != nil {
		h.Fatalf("%s: %v", out, err)
	}
	return said
}

// Our challenges are ALTCHA's of version 2: its library solves and verifies ours, we verify its
// own, and each refuses what the other refuses (RAT-10, BUG-24).
func TestAltcha(t *testing.T) {
	h := open(t, easy)
	work := h.gate.Flow.Captcha.(*captcha.Work)
	id, key := h.gate.Keys.CaptchaSecret()
	secret := hex.EncodeToString(key)

	ours, err := work.Challenge(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	solved := h.altcha(map[string]any{"challenge": ours, "secret": secret})
	if !solved.Verified {
		t.Error("altcha-lib does not verify our challenge")
	}
	if err := work.Verify(t.Context(), solved.Payload); err != nil {
		t.Errorf("what altcha-lib solved: %v", err)
	}
	if h.altcha(map[string]any{"payload": solved.Payload, "secret": secret[1:]}).Verified {
		t.Error("altcha-lib verifies everything")
	}

	theirs := map[string]any{
		"algorithm": "PBKDF2/SHA-256", "cost": 150, "expiresAt": h.now().Add(time.Minute).Unix(),
		"data": map[string]string{"purpose": "login", "key": id},
	}
	if err := work.Verify(t.Context(), h.altcha(map[string]any{"make": theirs, "secret": secret}).Payload); err != nil {
		t.Errorf("what altcha-lib made and solved: %v", err)
	}
	if err := work.Verify(t.Context(), h.altcha(map[string]any{"make": theirs, "secret": "another"}).Payload); err == nil {
		t.Error("the key of somebody else passes")
	}
	theirs["memoryCost"] = 8
	if err := work.Verify(t.Context(), h.altcha(map[string]any{"make": theirs, "secret": secret}).Payload); err == nil {
		t.Error("a parameter that we do not know passes")
	}
}

// The widget of ALTCHA, on somebody's own page, gets its work from us and its answer passes.
func TestAltchaWidget(t *testing.T) {
	h := open(t, easy)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>Own page</title><script type="module" src="/altcha.js"></script>
			<form><altcha-widget challenge="/auth/captcha" auto="onload" name="captcha"></altcha-widget></form>`))
	})
	mux.HandleFunc("GET /altcha.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		http.ServeFile(w, r, "node_modules/altcha/dist/main/altcha.js")
	})
	mux.HandleFunc("GET /auth/captcha", func(w http.ResponseWriter, r *http.Request) {
		r.Host = strings.TrimPrefix(h.url, "http://")
		h.gate.Handler().ServeHTTP(w, r)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	p := h.sit(chromium(t))
	p.visit(strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/page")
	answer := ""
	for end := time.Now().Add(time.Minute); answer == "" && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		answer = evaluate[string](p, `document.querySelector("input[name=captcha]")?.value ?? ""`)
	}
	if err := h.gate.Flow.Captcha.Verify(t.Context(), answer); err != nil {
		t.Errorf("%d bytes: %v", len(answer), err)
	}
}
