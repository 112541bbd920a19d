package methodtest

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/gatehouse-id/gatehouse/authn"
)

// hidesStrangers checks that Begin says the same of somebody whom the house does not know as
// of somebody who has the method (BUG-21).
func (c Case) hidesStrangers(t *testing.T) {
	known, err := c.Method.Begin(t.Context(), c.Login(), *c.Known)
	if err != nil {
		t.Fatalf("Begin: %v", err)
	}
	unknown, err := c.Method.Begin(t.Context(), c.Login(), *c.Unknown)
	if err != nil {
		t.Fatalf("Begin of a stranger: %v", err)
	}
	if a, b := shape(t, known), shape(t, unknown); !reflect.DeepEqual(a, b) {
		t.Errorf("it tells them apart:\n%v\n%v", a, b)
	}
}

// shape is a prompt without what may differ: where something was sent to, which whoever asks
// has typed, and the words of a ceremony, which holds a challenge.
func shape(t *testing.T, p authn.Prompt) any {
	t.Helper()
	var ceremony any
	if len(p.Ceremony) > 0 {
		if err := json.Unmarshal(p.Ceremony, &ceremony); err != nil {
			t.Fatal(err)
		}
	}
	sent := p.To != ""
	p.To, p.Ceremony = "", nil
	return []any{p, sent, wordless(ceremony)}
}

// wordless replaces every text in a value of JSON by its length.
func wordless(v any) any {
	switch v := v.(type) {
	case string:
		return len(v)
	case []any:
		for i := range v {
			v[i] = wordless(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = wordless(v[name])
		}
	}
	return v
}
