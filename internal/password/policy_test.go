package password_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/password"
)

// verdict returns the reason that Check gives, "" for a password that may be set.
func verdict(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *identity.Error
	if !errors.As(err, &e) || e.Kind != identity.Invalid || e.Code != "WEAK_PASSWORD" || e.Message == "" || e.Fields["password"] == "" {
		t.Fatalf("%#v is no WEAK_PASSWORD with a reason", err)
	}
	return e.Fields["password"]
}

func TestLengthCountsCodePoints(t *testing.T) {
	var standard password.Policy
	pass := strings.Repeat("correct horse battery staple, ", 5)
	for _, c := range []struct {
		name   string
		policy password.Policy
		pw     string
		second bool
		want   string
	}{
		{"14", standard, pass[:14], false, "at least 15"},
		{"15", standard, pass[:15], false, ""},
		{"7 with a second factor", standard, pass[:7], true, "at least 8"},
		{"8 with a second factor", standard, "k7vq mzx", true, ""},
		{"128", standard, pass[:128], false, ""},
		{"129", standard, pass[:129], false, "at most 128"},
		{"14 emoji of 4 bytes", standard, "🐎🔋📎🦊🐙🎲🧊🌵🪁🎻🧭🪐🍋🛶", false, "at least 15"},
		{"15 emoji of 4 bytes", standard, "🐎🔋📎🦊🐙🎲🧊🌵🪁🎻🧭🪐🍋🛶🐎", false, ""},
		{"14 composed, 15 received", standard, "cafe\u0301 horse sta", false, "at least 15"},
		{"128 composed, 129 received", standard, "e\u0301" + pass[1:128], false, ""},
		{"megabytes", standard, strings.Repeat(pass, 1<<14), false, "at most 128"},
		{"own lengths", password.Policy{Min: 10, Max: 64}, pass[:10], false, ""},
		{"own longest", password.Policy{Min: 10, Max: 64}, pass[:65], false, "at most 64"},
		{"own shortest with a second factor", password.Policy{MinWithSecondFactor: 12}, pass[:11], true, "at least 12"},
		{"never under 8", password.Policy{Min: 4}, pass[:7], false, "at least 8"},
	} {
		if got := verdict(t, c.policy.Check(c.pw, c.second)); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestWeakPasswords(t *testing.T) {
	p := password.Policy{Context: []string{"Gatehouse", "login.acme-corp.example"}}
	const pattern, common, context = "repeats a pattern", "commonly used", "your name"
	for _, c := range []struct{ pw, want string }{
		{"aaaaaaaaaaaaaaaaa", pattern},
		{"123123123123123", pattern},
		{"123456789012345", pattern},
		{"987654321098765", pattern},
		{"abcdefghijklmnop", pattern},
		{"qwertyuiopasdfgh", pattern},
		{"111222333444555", pattern},
		{"1qaz2wsx3edc4rfv", pattern},
		{"dragondragondragon", pattern},
		{"passwordpassword", common},
		{"PasswordPassword", common},
		{"passwordpasswordpass", common},
		{"password12345678", common},
		{"footballbaseball", common},
		{"12345678987654321", common},
		{"passwordpassword1!", common},
		{"gatehousegatehouse", context},
		{"Gatehouse-2026-Login!", context},
		{"acme-corp acme-corp", context},
		{"marie.curie@lab.example", context},
		{"CurieMarie1867-11-07", context},
		{"mariemariemarie", pattern},
		{"françoisfrançois", context},
		{"Franc\u0327ois 12345678", context},
		{"correct horse battery staple", ""},
		{"my password is not so bad", ""},
		{"marie keeps seven geese", ""},
		{"gatehouse of the moon", ""},
		{"xkq7 wmz4 pvt9 bnd2", ""},
		{"ответ на всё: сорок два", ""},
		{"                x", common},
	} {
		got := verdict(t, p.Check(c.pw, false, "marie.curie@lab.example", "Marie François Curie", ""))
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%q: %q, want %q", c.pw, got, c.want)
		}
	}
}

// ASVS 6.2.4: at least the 3,000 most frequent, in whatever case.
func TestBlocklistIsRefused(t *testing.T) {
	text, err := os.ReadFile("blocklist.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(list) < 3000 || !slices.IsSorted(list) {
		t.Fatalf("%d entries, sorted: %v", len(list), slices.IsSorted(list))
	}
	var p password.Policy
	for _, pw := range list {
		if verdict(t, p.Check(strings.ToUpper(pw), true)) == "" {
			t.Errorf("%q may be set", pw)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("correct horse battery staple", "marie@lab.example")
	f.Add("\xff\xfe\xfd", "\xff")
	f.Add(strings.Repeat("e\u0301", 128), "")
	f.Fuzz(func(t *testing.T, pw, context string) {
		verdict(t, password.Policy{}.Check(pw, true, context))
	})
}

// BenchmarkCheck is of the worst kind: nearly a pattern, as long as may be.
func BenchmarkCheck(b *testing.B) {
	pw := strings.Repeat("a", 127) + "é"
	for b.Loop() {
		_ = password.Policy{}.Check(pw, false, "marie.curie@lab.example")
	}
}
