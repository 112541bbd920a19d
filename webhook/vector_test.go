package webhook_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/webhook"
)

var update = flag.Bool("update", false, "write the vectors anew")

// A vector is a message as we sign it, or as somebody spoilt it, and what a receiver must say:
// the receivers in Go (package verify) and in TypeScript (sdk/webhook) are tested by the same.
type vector struct {
	Name    string            `json:"name"`
	Secrets []string          `json:"secrets"`
	Header  map[string]string `json:"header"`
	Body    string            `json:"body"`
	Now     int64             `json:"now"` // seconds
	Verdict string            `json:"verdict"`
}

func key(n byte, size int) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{n}, size))
}

var keyOne, keyTwo, keyThree = key(1, 32), key(2, 32), key(3, 24)

// vectors are those of one message, each with something changed.
func vectors(t *testing.T) (all []vector) {
	t.Helper()
	const body = `{"type":"user.renamed","timestamp":"2026-01-02T03:04:05Z","data":{"name":"Zoë 🚪 <b>"}}`
	add := func(name, verdict string, by []string, change func(*vector)) {
		signature, err := webhook.Sign(by, "dlv_06dqsacge3tqgh6mckcsw0y7gr", start, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		v := vector{name, []string{keyOne}, map[string]string{
			"webhook-id": "dlv_06dqsacge3tqgh6mckcsw0y7gr", "webhook-timestamp": strconv.FormatInt(start.Unix(), 10), "webhook-signature": signature,
		}, body, start.Unix(), verdict}
		if change != nil {
			change(&v)
		}
		all = append(all, v)
	}
	one := []string{keyOne}
	header := func(name, value string) func(*vector) { return func(v *vector) { v.Header[name] = value } }
	shift := func(seconds int64) func(*vector) { return func(v *vector) { v.Now += seconds } }
	known := func(secrets ...string) func(*vector) { return func(v *vector) { v.Secrets = secrets } }
	add("as it is sent", "good", one, nil)
	add("two secrets sign, the first is known", "good", []string{keyOne, keyTwo}, nil)
	add("two secrets sign, the second is known", "good", []string{keyTwo, keyOne}, nil)
	add("the receiver knows both", "good", []string{keyTwo}, known(keyOne, keyTwo))
	add("a secret of 24 bytes", "good", []string{keyThree}, known(keyThree))
	add("five minutes old", "good", one, shift(300))
	add("five minutes ahead", "good", one, shift(-300))
	add("older", "time", one, shift(301))
	add("further ahead", "time", one, shift(-301))
	add("another secret", "signature", []string{keyTwo}, nil)
	add("another body", "signature", one, func(v *vector) { v.Body = strings.Replace(body, "Zoë", "Eve", 1) })
	add("no body", "signature", one, func(v *vector) { v.Body = "" })
	add("another id", "signature", one, header("webhook-id", "dlv_06dqsacge3tqgh6mckcsw0y7gs"))
	add("another time", "signature", one, header("webhook-timestamp", strconv.FormatInt(start.Unix()+1, 10)))
	add("the same time, written differently", "signature", one, header("webhook-timestamp", "0"+strconv.FormatInt(start.Unix(), 10)))
	add("another version", "signature", one, func(v *vector) { v.Header["webhook-signature"] = "v2" + v.Header["webhook-signature"][2:] })
	add("half a signature", "signature", one, func(v *vector) { v.Header["webhook-signature"] = v.Header["webhook-signature"][:20] })
	add("not base64", "signature", one, header("webhook-signature", "v1,????"))
	add("an empty signature", "signature", one, header("webhook-signature", "v1,"))
	add("no id", "header", one, header("webhook-id", ""))
	add("no signature", "header", one, header("webhook-signature", ""))
	add("no time", "header", one, header("webhook-timestamp", ""))
	add("no number", "header", one, header("webhook-timestamp", "2026-01-02"))
	add("a sign before the time", "header", one, header("webhook-timestamp", "+"+strconv.FormatInt(start.Unix(), 10)))
	add("no secret", "secret", one, known([]string{}...))
	add("an empty secret", "secret", one, known(""))
	add("an empty key", "secret", one, known("whsec_"))
	add("a short secret", "secret", one, known(key(1, 23)))
	add("a secret without its prefix", "secret", one, known(strings.TrimPrefix(keyOne, "whsec_")))
	add("one good secret and an empty one", "secret", one, known(keyOne, ""))
	return all
}

// TestVectors keeps test/vectors/webhook.json, which every receiver is tested by.
func TestVectors(t *testing.T) {
	const file = "../test/vectors/webhook.json"
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(vectors(t)); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || !bytes.Equal(want, text.Bytes()) {
		t.Errorf("%s is not what we sign (%v); run: go test ./webhook -run TestVectors -update", file, err)
	}
}
