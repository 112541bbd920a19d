package captcha_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/captcha"
	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// A right answer passes once: not again, not on a second machine, not after a restart, and not
// with another solution of the same challenge (RAT-10, BUG-24).
func TestWorkOnce(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db, make([]byte, 32))
		w, second := f.work(), open(t, db, make([]byte, 32)).work()
		c := f.challenge(w)
		first := solve(c.Parameters, 0)
		f.refused("the first time", "", w.Verify(t.Context(), payload(c, first)))
		f.refused("again", "used before", w.Verify(t.Context(), payload(c, first)))
		f.refused("on a second machine", "used before", second.Verify(t.Context(), payload(c, first)))
		f.refused("with another solution", "used before", w.Verify(t.Context(), payload(c, solve(c.Parameters, first.Counter+1))))
		f.refused("after a restart", "used before", open(t, db, make([]byte, 32)).work().Verify(t.Context(), payload(c, first)))
		f.refused("one that another machine made", "", w.Verify(t.Context(), f.solved(second)))

		f.wait(10*time.Minute - time.Second)
		if err := f.Accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.refused("after the sweep", "used before", w.Verify(t.Context(), payload(c, first)))
	})
}

// Of 50 who bring one answer at the same moment, to two machines, one passes (RAT-10).
func TestWorkRace(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		f := open(t, db, make([]byte, 32))
		machines := []*captcha.Work{f.work(), open(t, db, make([]byte, 32)).work()}
		for range min(sqldbtest.Rounds(t), 5) {
			var passed atomic.Int64
			answer := f.solved(machines[0])
			sqldbtest.Race(50, func(i int) {
				err := machines[i%2].Verify(t.Context(), answer)
				if err == nil {
					passed.Add(1)
					return
				}
				f.refused("who came later", "used before", err)
			})
			if n := passed.Load(); n != 1 {
				t.Fatalf("%d of 50 passed", n)
			}
		}
	})
}

// Whatever is changed in a challenge, it is not ours any more; nothing of one field can be moved
// into the next (the splicing of ALTCHA's first version).
func TestWorkForged(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	w := f.work()
	for name, change := range map[string]func(*captcha.Challenge){
		"another algorithm":       func(c *captcha.Challenge) { c.Parameters.Algorithm = "SHA-256" },
		"less work":               func(c *captcha.Challenge) { c.Parameters.Cost = 1 },
		"a longer life":           func(c *captcha.Challenge) { c.Parameters.ExpiresAt += 3600 },
		"a shorter key":           func(c *captcha.Challenge) { c.Parameters.KeyLength = 1 },
		"an easier prefix":        func(c *captcha.Challenge) { c.Parameters.KeyPrefix = "" },
		"another nonce":           func(c *captcha.Challenge) { c.Parameters.Nonce = strings.Repeat("0", 32) },
		"a nonce in capitals":     func(c *captcha.Challenge) { c.Parameters.Nonce = strings.ToUpper(c.Parameters.Nonce) + "AB" },
		"another salt":            func(c *captcha.Challenge) { c.Parameters.Salt = strings.Repeat("0", 32) },
		"another purpose":         func(c *captcha.Challenge) { c.Parameters.Data.Purpose = "signup" },
		"a key that is not there": func(c *captcha.Challenge) { c.Parameters.Data.Key = "key_0000" },
		"a key of another use":    func(c *captcha.Challenge) { c.Parameters.Data.Key, _ = f.Keys.Secret(keyring.Seal) },
		"no signature":            func(c *captcha.Challenge) { c.Signature = "" },
		"a signature in capitals": func(c *captcha.Challenge) { c.Signature = strings.ToUpper(c.Signature) },
		"a nonce that gives to the salt": func(c *captcha.Challenge) {
			p := &c.Parameters
			p.Nonce, p.Salt = p.Nonce[:30], p.Nonce[30:]+p.Salt
		},
		"a cost that takes from the time": func(c *captcha.Challenge) {
			p := &c.Parameters
			p.Cost, p.ExpiresAt = p.Cost*10+int(p.ExpiresAt%10), p.ExpiresAt/10
		},
		"data that closes early": func(c *captcha.Challenge) {
			p := &c.Parameters
			p.Data.Purpose += fmt.Sprintf(`"},"expiresAt":%d,"x":{"y":"`, p.ExpiresAt)
		},
	} {
		c := f.challenge(w)
		s := solve(c.Parameters, 0)
		change(&c)
		f.refused(name, "is not ours", w.Verify(t.Context(), payload(c, s)))
	}
	f.refused("unchanged", "", w.Verify(t.Context(), f.solved(w)))
}

// A challenge that is ours counts for ten minutes, for what it was made for, and with its work.
func TestWorkJudged(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	w := f.work()
	c := f.challenge(w)
	s := solve(c.Parameters, 0)

	other := c.Parameters
	other.Data.Purpose = "signup"
	f.refused("another purpose", "something else", w.Verify(t.Context(), payload(w.Signed(other), s)))
	for name, bad := range map[string]solution{
		"no key":             {Counter: s.Counter},
		"a key that suits":   {s.Counter, "00" + strings.Repeat("ab", 31), 1},
		"the key of another": {s.Counter + 1, s.DerivedKey, 1},
		"a key in capitals":  {s.Counter, strings.ToUpper(s.DerivedKey), 1},
		"only its beginning": {s.Counter, s.DerivedKey[:8], 1},
		"the work was never done": func() solution {
			n := uint32(0)
			for strings.HasPrefix(derive(c.Parameters, n), "00") {
				n++
			}
			return solution{n, derive(c.Parameters, n), 1}
		}(),
	} {
		f.refused(name, "was not done", w.Verify(t.Context(), payload(c, bad)))
	}
	f.wait(10*time.Minute - time.Second)
	f.refused("just in time", "", w.Verify(t.Context(), payload(c, s)))

	late := f.solved(w)
	f.wait(10 * time.Minute)
	f.refused("too late", "has expired", w.Verify(t.Context(), late))
}

// A key that was rotated out counts for what is under way; one that was dropped, and the key of
// another house, does not.
func TestWorkKeys(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	w, before := f.work(), f.solved(f.work())
	if err := f.Keys.Rotate(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	f.refused("after a rotation", "", w.Verify(t.Context(), before))
	before = f.solved(w)
	if err := f.Keys.Rotate(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	f.refused("after an emergency", "is not ours", w.Verify(t.Context(), before))
	stranger := open(t, sqldbtest.SQLite(t), []byte(strings.Repeat("k", 32)))
	f.refused("of another house", "is not ours", w.Verify(t.Context(), stranger.solved(stranger.work())))
}

// Whoever fails on pays more, up to eight times; other networks pay what they always did, and so
// does everybody a quarter of an hour later.
func TestWorkRises(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	w := f.work()
	here, there := from(t.Context(), "2001:db8::1"), from(t.Context(), "2001:db8:0:1::1")
	for solved := range 45 {
		want := captcha.MinDifficulty << min(solved/10, 3)
		if c, err := w.Challenge(here); err != nil || c.Parameters.Cost != want {
			t.Fatalf("after %d it costs %d (%v), want %d", solved, c.Parameters.Cost, err, want)
		}
		f.refused("one more", "", w.Verify(from(t.Context(), fmt.Sprintf("2001:db8::%d", solved)), f.solved(w)))
	}
	if c, err := w.Challenge(there); err != nil || c.Parameters.Cost != captcha.MinDifficulty {
		t.Errorf("elsewhere it costs %d (%v)", c.Parameters.Cost, err)
	}
	f.wait(15 * time.Minute)
	if c, err := w.Challenge(here); err != nil || c.Parameters.Cost != captcha.MinDifficulty {
		t.Errorf("later it costs %d (%v)", c.Parameters.Cost, err)
	}
	f.Solved = broken{f.Solved}
	if c, err := f.work().Challenge(here); err != nil || c.Parameters.Cost != captcha.MinDifficulty {
		t.Errorf("without counters it costs %d (%v)", c.Parameters.Cost, err)
	}
	f.refused("without counters", "", f.work().Verify(here, f.solved(f.work())))
}

// Asking for challenges, and answering them wrongly, leaves nothing in the database.
func TestWorkStoresNothing(t *testing.T) {
	each(t, func(f *fixture) {
		w := f.work()
		for range 20 {
			c := f.challenge(w)
			f.refused("not worked for", "was not done", w.Verify(f.Context(), payload(c, solution{})))
		}
		count := func() (n int) {
			if _, err := f.Accounts.DB.Row(f.Context(), []any{&n}, `SELECT count(*) FROM challenges`); err != nil {
				f.Fatal(err)
			}
			return n
		}
		if n := count(); n != 0 {
			f.Errorf("%d rows", n)
		}
		f.refused("worked for", "", w.Verify(f.Context(), f.solved(w)))
		if n := count(); n != 1 {
			f.Errorf("%d rows, want 1", n)
		}
		f.wait(20 * time.Minute)
		if err := f.Accounts.Sweep(f.Context()); err != nil || count() != 0 {
			f.Errorf("the sweep left %d rows: %v", count(), err)
		}
	})
}

// A database that does not answer lets nobody pass.
func TestWorkFailsClosed(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	w := f.work()
	answer := f.solved(w)
	if err := f.Accounts.DB.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Verify(t.Context(), answer); err == nil {
		t.Error("it passed")
	}
}

// broken counts nothing.
type broken struct{ ephemeral.Store }

func (broken) Count(context.Context, string, int, time.Duration) (int, time.Time, error) {
	return 0, time.Time{}, errors.New("out of order")
}

func FuzzRead(f *testing.F) {
	real := `{"challenge":{"parameters":{"algorithm":"PBKDF2/SHA-256","cost":100,"data":{"key":"k","purpose":"login"},"expiresAt":1,"keyLength":32,"keyPrefix":"00","nonce":"00","salt":"00"},"signature":"00"},"solution":{"counter":1,"derivedKey":"00","time":1}}`
	for _, text := range []string{real, `{}`, `null`, `[]`, `{"challenge":null}`, strings.Replace(real, `"cost":100`, `"cost":100,"cost":1`, 1), strings.Replace(real, `:100`, `:1e2`, 1), real + real} {
		f.Add(base64.StdEncoding.EncodeToString([]byte(text)))
	}
	f.Add("%%%")
	f.Add(strings.Repeat("A", 4096))
	house := open(f, sqldbtest.SQLite(f), make([]byte, 32))
	w := house.work()
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := captcha.Read(text); err == nil && len(text) > 2<<10 {
			t.Errorf("%d bytes were read", len(text))
		}
		if err := w.Verify(t.Context(), text); err == nil {
			t.Errorf("%q passed", text)
		}
	})
}

// Malformed answers are refused as what they are.
func TestWorkMalformed(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t), make([]byte, 32))
	w := f.work()
	good, err := base64.StdEncoding.DecodeString(f.solved(w))
	if err != nil {
		t.Fatal(err)
	}
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, text := range map[string]string{
		"nothing":             "",
		"no Base64":           "?",
		"JSON":                string(good),
		"cut short":           encode(string(good))[:400],
		"an array":            encode("[]"),
		"two":                 encode(string(good) + string(good)),
		"an unknown member":   encode(strings.Replace(string(good), `"cost"`, `"memoryCost":1,"cost"`, 1)),
		"a member twice":      encode(strings.Replace(string(good), `"cost"`, `"cost":1,"cost"`, 1)),
		"a counter as a text": encode(strings.Replace(string(good), `"counter":`, `"counter":"0","x":`, 1)),
		"a negative counter":  encode(strings.Replace(string(good), `"counter":`, `"counter":-`, 1)),
		"far too long":        encode(strings.Replace(string(good), `"nonce":"`, `"nonce":"`+strings.Repeat("0", 2000), 1)),
	} {
		f.refused(name, "malformed", w.Verify(t.Context(), text))
	}
	f.refused("as it was", "", w.Verify(t.Context(), encode(string(good))))
}
