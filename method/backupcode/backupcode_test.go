package backupcode_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/authn"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/method/backupcode"
	"github.com/gatehouse-id/gatehouse/method/methodtest"
	"github.com/gatehouse-id/gatehouse/test/house"
)

// TestMethod: a backup code is as every method must be (MFA-09, MFA-11, BUG-27).
func TestMethod(t *testing.T) {
	each(t, func(f *fixture) {
		user, disabled, none := f.Person(house.Alice), f.Person("disabled@example.com"), f.Person("none@example.com")
		codes, theirs := f.codes(user), f.codes(disabled)
		f.Must(f.Disable(f.Context(), disabled.ID, true))
		login := ""
		methodtest.Run(f.TB.(*testing.T), methodtest.Case{
			Method: f.method, Elsewhere: f.elsewhere, User: user.ID, Once: true,
			Login: func() *authn.Login { return &authn.Login{UserID: user.ID} },
			Good:  authn.Input{Code: codes[0]},
			Bad: map[string]authn.Input{
				"wrong": {Code: "0000-0000-0000-0000"}, "of somebody else": {Code: theirs[0]}, "at another place": {Code: "1" + codes[0][1:]},
				"too short": {Code: codes[0][1:]}, "too long": {Code: codes[0] + "0"}, "no code": {Code: "ÜÜÜÜ-ÜÜÜÜ"}, "as a password": {Password: codes[0]},
			},
			Try: func(good bool) error {
				if login == "" {
					login = f.half()
				}
				_, err := f.prove(login, map[bool]string{true: codes[1], false: "0000-0000-0000-0000"}[good])
				return err
			},
			Enrollment: &methodtest.Enrollment{
				User:   none,
				Answer: func(authn.Prompt) authn.Input { return authn.Input{} },
				Kept:   func() ([]identity.Credential, error) { return f.left(none), nil },
			},
		})
		f.Refuses("of nobody", f.finish(f.method, "", codes[1]), identity.ErrRejected)
		f.Refuses("of somebody disabled", f.finish(f.method, disabled.ID, theirs[0]), identity.ErrRejected)
		if prompt, err := f.method.Begin(f.Context(), &authn.Login{}, authn.Input{}); err != nil || prompt.Fields != nil {
			t.Errorf("%+v, %v", prompt, err)
		}
	})
}

// A set is ten codes of 75 random bits, kept as salted hashes of the cost that OWASP
// recommends (MFA-09, CON-04, ASVS 6.5.2).
func TestSet(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	f.method.Cost = (&backupcode.Method{}).Cost
	f.method.Settle(f.Flow)
	codes := f.codes(user)
	shape := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)
	hash := regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[^$]{22}\$[^$]{43}$`)
	places, kept := map[byte]bool{}, f.left(user)
	for _, code := range codes {
		if places[code[0]] = true; !shape.MatchString(code) {
			t.Errorf("%q", code)
		}
	}
	for _, c := range kept {
		if !hash.Match(c.Data) || slices.ContainsFunc(codes, func(code string) bool { return strings.Contains(c.Lookup, code[1:5]) }) {
			t.Errorf("%s: %s", c.Lookup, c.Data)
		}
	}
	if len(codes) != 10 || len(places) != 10 || len(kept) != 10 {
		t.Errorf("%d codes, %d places, %d kept", len(codes), len(places), len(kept))
	}
	f.Must(f.finish(f.method, user.ID, codes[9]))
}

// Codes that stand at the same place differ in every character but the first.
func TestRandom(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	seen := map[int]map[byte]bool{}
	for range 30 {
		set, err := f.method.Issue(t.Context(), user)
		f.Must(err)
		for i := range set.Codes[0] {
			if seen[i] == nil {
				seen[i] = map[byte]bool{}
			}
			for _, code := range set.Codes {
				seen[i][code[i]] = true
			}
		}
	}
	for i, characters := range seen {
		want := 32 // of 300 draws, all but surely
		switch {
		case i == 0:
			want = 10
		case (i+1)%5 == 0:
			want = 1
		}
		if n := len(characters); n > want || n < want-2 {
			t.Errorf("character %d: %d kinds, want %d", i, n, want)
		}
	}
}

// How people type what is on paper (MFA-11): lower case, without dashes, with look-alikes.
func TestForgiving(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user := f.Person(house.Alice)
	for name, mistype := range map[string]func(string) string{
		"as it is":    func(s string) string { return s },
		"lower case":  strings.ToLower,
		"no dashes":   func(s string) string { return strings.ReplaceAll(s, "-", "") },
		"spaces":      func(s string) string { return " " + strings.ReplaceAll(s, "-", "  ") + "\u00a0" },
		"look-alikes": strings.NewReplacer("0", "O", "1", "l").Replace,
		"others":      strings.NewReplacer("0", "o", "1", "I").Replace,
		"yet others":  strings.NewReplacer("1", "i").Replace,
		"L":           strings.NewReplacer("1", "L").Replace,
	} {
		codes := f.codes(user)
		slices.SortFunc(codes, func(a, b string) int {
			return strings.Count(b, "0") + strings.Count(b, "1") - strings.Count(a, "0") - strings.Count(a, "1")
		})
		f.Refuses(name, f.finish(f.method, user.ID, mistype(codes[0])), nil)
	}
}

// Of fifty who come with one code at once, to two machines, one passes.
func TestRace(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		codes := f.codes(user)
		for round := range sqldbtest.Rounds(t) {
			if round%len(codes) == 0 && round > 0 {
				codes = f.codes(user)
			}
			var passed atomic.Int32
			sqldbtest.Race(50, func(i int) {
				m := f.method
				if i%2 == 0 {
					m = f.elsewhere
				}
				if err := f.finish(m, user.ID, codes[round%len(codes)]); err == nil {
					passed.Add(1)
				} else if !errors.Is(err, identity.ErrRejected) {
					t.Error(err)
				}
			})
			if n := passed.Load(); n != 1 {
				t.Errorf("%d passed", n)
			}
		}
	})
}

// Different codes that are used at once are all good, and each leaves one less behind.
func TestRaceOfCodes(t *testing.T) {
	each(t, func(f *fixture) {
		for round := range max(1, sqldbtest.Rounds(t)/4) {
			user := f.Person(fmt.Sprintf("house.Alice%d@example.com", round))
			codes := f.codes(user)
			sqldbtest.Race(len(codes), func(i int) {
				if err := f.finish(f.method, user.ID, codes[i]); err != nil {
					t.Error(err)
				}
			})
			var left []string
			for _, e := range f.Events(user, identity.EventCredentialUsed) {
				left = append(left, e.Data["left"])
			}
			slices.Sort(left)
			if n := len(f.left(user)); n != 0 || strings.Join(left, "") != "0123456789" {
				t.Errorf("%d are left, and there were %v", n, left)
			}
		}
	})
}

// A new set kills the one before (MFA-09), also for whoever comes with an old code at the
// same moment.
func TestRenewal(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		old := f.codes(user)
		f.Must(f.finish(f.method, user.ID, old[3]))
		var fresh []string
		sqldbtest.Race(len(old)+1, func(i int) {
			if i == len(old) {
				fresh = f.codes(user)
			} else if err := f.finish(f.method, user.ID, old[i]); err != nil && !errors.Is(err, identity.ErrRejected) {
				t.Error(err)
			}
		})
		if n := len(f.left(user)); n != 10 {
			t.Errorf("%d codes", n)
		}
		for _, code := range old {
			f.Refuses("an old code", f.finish(f.method, user.ID, code), identity.ErrRejected)
		}
		f.Must(f.finish(f.elsewhere, user.ID, fresh[0]))
	})
}

// A code stands in for the second factor, once, and the log and the owner are told how many
// are left: with another kind of mail when it is time for new ones (MFA-11).
func TestSpending(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		codes := f.codes(user)
		for i, code := range codes {
			f.Wait(time.Minute)
			before := len(f.Mails())
			out, err := f.prove(f.half(), code)
			f.Must(err)
			if proofs := out.SignedIn.Session.Proofs; identity.ACR(proofs) != "aal2" {
				t.Errorf("%+v", proofs)
			}
			left := len(codes) - i - 1
			events := f.Events(user, identity.EventCredentialUsed)
			if e := events[0]; len(events) != i+1 || e.Data["method"] != "backup-code" || e.Data["left"] != strconv.Itoa(left) {
				t.Errorf("%d left: %d events, %+v", left, len(events), e)
			}
			sent := f.Mails()[before:]
			if len(sent) != 1 || (sent[0].Subject == f.Mails()[1].Subject) != (left > 3) {
				t.Errorf("%d left: %+v", left, sent)
			}
		}
		if enrolled, err := f.method.Enrolled(f.Context(), user); err != nil || enrolled {
			t.Errorf("none is left, and it is enrolled: %v, %v", enrolled, err)
		}
	})
}

// A code whose use could not be told is not used.
func TestSpendingIsWhole(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.Person(house.Alice)
		codes := f.codes(user)
		f.Post.Fails = errors.New("no post today")
		if err := f.finish(f.method, user.ID, codes[0]); !errors.Is(err, f.Post.Fails) {
			t.Errorf("%v", err)
		}
		if len(f.left(user)) != 10 || len(f.Events(user, identity.EventCredentialUsed)) != 0 {
			t.Error("something of it happened")
		}
		f.Post.Fails = nil
		f.Must(f.finish(f.method, user.ID, codes[0]))
	})
}

// Whoever has no other factor gets no codes: they would be asked for one at every sign-in.
func TestNothingToSpare(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	bob := f.Person("bob@example.com")
	_, err := f.SpareCodes(t.Context(), house.Caller(bob))
	f.Refuses("codes", err, authn.ErrNothingToSpare)
	if len(f.left(bob)) != 0 {
		t.Error("there are codes")
	}
}

// An outage is no wrong code, and every try costs one hash, whether or not there is such a
// code (BUG-21).
func TestCost(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	user, none := f.Person(house.Alice), f.Person("none@example.com")
	codes := f.codes(user)
	hashes := f.method.Hashes
	for what, in := range map[string]struct {
		user identity.UserID
		code string
	}{
		"right": {user.ID, codes[0]}, "wrong": {user.ID, "1000-0000-0000-0000"}, "no such place": {user.ID, "Z000-0000-0000-0000"},
		"no code": {user.ID, "x"}, "nobody's": {none.ID, codes[1]},
	} {
		before := hashes()
		_ = f.finish(f.method, in.user, in.code)
		if n := hashes() - before; n != 1 {
			t.Errorf("%s: %d hashes", what, n)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.method.Finish(ctx, &authn.Login{UserID: user.ID}, authn.Input{Code: codes[1]})
	if err == nil || errors.Is(err, identity.ErrRejected) {
		t.Errorf("%v", err)
	}
}
