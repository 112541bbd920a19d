package account_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/account"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

var errLost = errors.New("lost")

// handOut makes a challenge that lives for a minute, a moment after the one before.
func (f *fixture) handOut(c identity.Challenge) (token string) {
	f.Helper()
	f.wait(time.Millisecond)
	c.ExpiresAt = f.now().Add(time.Minute)
	token, err := f.accounts.Challenge(f.Context(), c)
	f.must(err)
	return token
}

// found returns what a finder found, without the parts that every test would repeat.
func (f *fixture) found(c *identity.Challenge, err error) *identity.Challenge {
	f.Helper()
	f.must(err)
	c.ID, c.CreatedAt, c.ExpiresAt = "", time.Time{}, time.Time{}
	return c
}

func TestChallenge(t *testing.T) {
	each(t, func(f *fixture) {
		c := identity.Challenge{Purpose: "link", Subject: "alice@example.com", UserID: "usr_1", Visit: []byte("visit"), Data: []byte("data\x00")}
		token := f.handOut(c)
		other := f.handOut(identity.Challenge{Purpose: "link", Subject: "bob@example.com"}) // no visit, no data
		got, err := f.accounts.Outstanding(f.Context(), "link", token)
		f.must(err)
		if got.ID == "" || !got.CreatedAt.Equal(start.Add(time.Millisecond)) || !got.ExpiresAt.Equal(got.CreatedAt.Add(time.Minute)) {
			f.Errorf("%+v", got)
		}
		if f.found(got, nil); !reflect.DeepEqual(got, &c) {
			f.Errorf("%+v, want %+v", got, c)
		}
		for what, p := range map[string]struct{ purpose, token string }{
			"another purpose": {"reset", token}, "no purpose": {"", token}, "no token": {"link", ""}, "not ours": {"link", token + "x"},
		} {
			_, err := f.accounts.Outstanding(f.Context(), p.purpose, p.token)
			f.refuses(what, err, identity.ErrLinkExpired)
			_, err = f.accounts.Spend(f.Context(), p.purpose, p.token)
			f.refuses(what, err, identity.ErrLinkExpired)
			_, err = f.accounts.Try(f.Context(), p.purpose, p.token, 5)
			f.refuses(what, err, identity.ErrLinkExpired)
		}
		if spent := f.found(f.accounts.Spend(f.Context(), "link", token)); !reflect.DeepEqual(spent, &c) {
			f.Errorf("spent %+v, want %+v", spent, c)
		}
		f.dead(token)
		f.alive(other)
	})
}

func (f *fixture) alive(token string) {
	f.Helper()
	_, err := f.accounts.Outstanding(f.Context(), "link", token)
	f.must(err)
}

func (f *fixture) dead(token string) {
	f.Helper()
	_, err := f.accounts.Outstanding(f.Context(), "link", token)
	f.refuses("Outstanding", err, identity.ErrLinkExpired)
	_, err = f.accounts.Try(f.Context(), "link", token, 99)
	f.refuses("Try", err, identity.ErrLinkExpired)
	_, err = f.accounts.Spend(f.Context(), "link", token)
	f.refuses("Spend", err, identity.ErrLinkExpired)
}

// What was handed out is not in the table: a stolen dump opens nothing.
func TestChallengeHidden(t *testing.T) {
	each(t, func(f *fixture) {
		token := f.handOut(identity.Challenge{Purpose: "link", Subject: "s", Data: []byte("d")})
		raw, err := base64.RawURLEncoding.DecodeString(token)
		row := f.row(7, `SELECT id, purpose, subject, user_id, hash, visit, data FROM challenges`)
		if err != nil || len(raw) < 16 || bytes.Contains(row, []byte(token)) || bytes.Contains(row, raw) {
			f.Errorf("token %q, row %q", token, row)
		}
	})
}

func TestChallengeExpiry(t *testing.T) {
	each(t, func(f *fixture) {
		token := f.handOut(identity.Challenge{Purpose: "link", Subject: "s", Visit: []byte("v")})
		f.wait(time.Minute - time.Microsecond)
		f.alive(token)
		f.wait(time.Microsecond)
		f.dead(token)
		_, err := f.accounts.Newest(f.Context(), "link", "s")
		f.refuses("Newest", err, identity.ErrLinkExpired)
		_, err = f.accounts.OfVisit(f.Context(), "link", "s", []byte("v"))
		f.refuses("OfVisit", err, identity.ErrLinkExpired)
		live := f.handOut(identity.Challenge{Purpose: "link", Subject: "s"})
		f.must(f.accounts.Sweep(f.Context()))
		f.alive(live)
		if n := f.count(`SELECT COUNT(*) FROM challenges`); n != 1 {
			f.Errorf("%d challenges after the sweep", n)
		}
	})
}

// Of all who come with the same token one gets it (BUG-28).
func TestSpendOnce(t *testing.T) {
	each(t, func(f *fixture) {
		for range sqldbtest.Rounds(f) {
			token := f.handOut(identity.Challenge{Purpose: "link", Subject: "s"})
			if won := f.winners(identity.ErrLinkExpired, func(int) error { _, err := f.accounts.Spend(f.Context(), "link", token); return err }); won != 1 {
				f.Fatalf("%d of 16 spent it", won)
			}
		}
	})
}

// What proves itself is good once, whoever brings it and wherever, until it would prove nothing
// any more; another purpose is another thing (RAT-10).
func TestClaim(t *testing.T) {
	each(t, func(f *fixture) {
		for range sqldbtest.Rounds(f) {
			token := secret.New()
			claim := func(int) error { return f.accounts.Claim(f.Context(), "captcha", token, f.now().Add(time.Minute)) }
			if won := f.winners(identity.ErrLinkExpired, claim); won != 1 {
				f.Fatalf("%d of 16 claimed it", won)
			}
			f.must(f.accounts.Claim(f.Context(), "other", token, f.now().Add(time.Minute)))
			f.wait(time.Minute - time.Second)
			f.must(f.accounts.Sweep(f.Context()))
			f.refuses("the sweep let it back in", claim(0), identity.ErrLinkExpired)
			f.wait(time.Second)
			f.must(f.accounts.Sweep(f.Context()))
			if n := f.count(`SELECT count(*) FROM challenges`); n != 0 {
				f.Errorf("%d are kept for ever", n)
			}
		}
	})
}

// Guesses are counted before they are judged, parallel ones too (BUG-27).
func TestTry(t *testing.T) {
	each(t, func(f *fixture) {
		token := f.handOut(identity.Challenge{Purpose: "link", Subject: "s"})
		for want := 1; want <= 5; want++ {
			if c, err := f.accounts.Try(f.Context(), "link", token, 5); err != nil || c.Attempts != want {
				f.Fatalf("try %d: %+v, %v", want, c, err)
			}
		}
		for range 3 {
			_, err := f.accounts.Try(f.Context(), "link", token, 5)
			f.refuses("a sixth try", err, identity.ErrLinkExpired)
		}
		for range sqldbtest.Rounds(f) {
			token := f.handOut(identity.Challenge{Purpose: "link", Subject: "s"})
			if won := f.winners(identity.ErrLinkExpired, func(int) error { _, err := f.accounts.Try(f.Context(), "link", token, 5); return err }); won != 5 {
				f.Errorf("%d of 16 parallel tries, want 5", won)
			}
		}
	})
}

func TestRenew(t *testing.T) {
	each(t, func(f *fixture) {
		old := f.handOut(identity.Challenge{Purpose: "link", Subject: "s"})
		c, err := f.accounts.Try(f.Context(), "link", old, 5)
		f.must(err)
		f.wait(50 * time.Second)
		renewed, err := f.accounts.Renew(f.Context(), c.ID, f.now().Add(time.Minute))
		f.must(err)
		f.dead(old)
		f.wait(59 * time.Second)
		got, err := f.accounts.Outstanding(f.Context(), "link", renewed)
		if err != nil || got.Attempts != 0 || got.ID != c.ID {
			f.Errorf("%+v, %v", got, err)
		}
		_, err = f.accounts.Spend(f.Context(), "link", renewed)
		f.must(err)
		_, err = f.accounts.Renew(f.Context(), c.ID, f.now().Add(time.Minute))
		f.refuses("renewing what is gone", err, identity.ErrLinkExpired)
		f.refuses("updating what is gone", f.accounts.Update(f.Context(), c.ID, "", nil), identity.ErrLinkExpired)
	})
}

func TestUpdate(t *testing.T) {
	each(t, func(f *fixture) {
		token := f.handOut(identity.Challenge{Purpose: "link", Subject: "s", Data: []byte("before")})
		c, err := f.accounts.Outstanding(f.Context(), "link", token)
		f.must(err)
		for _, data := range [][]byte{[]byte("after"), {}, nil} {
			f.must(f.accounts.Update(f.Context(), c.ID, "usr_1", data))
			got, err := f.accounts.Outstanding(f.Context(), "link", token)
			if err != nil || got.UserID != "usr_1" || !bytes.Equal(got.Data, data) || got.Subject != "s" {
				f.Errorf("%+v, %v", got, err)
			}
		}
	})
}

func TestSubject(t *testing.T) {
	each(t, func(f *fixture) {
		mine, theirs := []byte("mine"), []byte("theirs")
		for i, c := range []identity.Challenge{
			{Purpose: "link", Subject: "a", Visit: mine},
			{Purpose: "link", Subject: "a", Visit: mine},
			{Purpose: "link", Subject: "a", Visit: theirs},
			{Purpose: "link", Subject: "b", Visit: mine},
			{Purpose: "reset", Subject: "a", Visit: mine},
		} {
			c.Data = []byte{byte('0' + i)}
			f.handOut(c)
		}
		if c := f.found(f.accounts.Newest(f.Context(), "link", "a")); string(c.Data) != "2" {
			f.Errorf("the newest is %s", c.Data)
		}
		if c := f.found(f.accounts.OfVisit(f.Context(), "link", "a", mine)); string(c.Data) != "1" {
			f.Errorf("the newest of this browser is %s", c.Data)
		}
		_, err := f.accounts.OfVisit(f.Context(), "link", "a", []byte("stranger"))
		f.refuses("a stranger's browser", err, identity.ErrLinkExpired)
		f.must(f.accounts.Withdraw(f.Context(), "link", "a"))
		_, err = f.accounts.Newest(f.Context(), "link", "a")
		f.refuses("withdrawn", err, identity.ErrLinkExpired)
		for _, c := range []struct{ purpose, subject, want string }{{"link", "b", "3"}, {"reset", "a", "4"}} {
			if got := f.found(f.accounts.Newest(f.Context(), c.purpose, c.subject)); string(got.Data) != c.want {
				f.Errorf("%+v: %s", c, got.Data)
			}
		}
	})
}

// What was handed out sealed is kept once, by however many who bring it at once.
func TestKeep(t *testing.T) {
	each(t, func(f *fixture) {
		for range sqldbtest.Rounds(f.TB) {
			c := identity.Challenge{ID: identity.NewID[identity.ChallengeID]("chl", f.now()), Purpose: "login", Data: []byte("kept"), ExpiresAt: f.now().Add(time.Minute)}
			token := secret.New()
			sqldbtest.Race(8, func(int) {
				if err := f.accounts.Keep(f.Context(), c, token); err != nil {
					f.Error(err)
				}
			})
			got, err := f.accounts.Outstanding(f.Context(), "login", token)
			f.must(err)
			if got.ID != c.ID || string(got.Data) != "kept" {
				f.Errorf("%+v", got)
			}
		}
	})
}

// All of a user's challenges go, but those of the purposes that are spared by their whole name.
func TestWithdrawAll(t *testing.T) {
	each(t, func(f *fixture) {
		kept := map[string]bool{"not-me": true, "me": false, "recovery": true, "recovery-stop": false, "link": false}
		tokens := map[string]string{}
		for purpose := range kept {
			tokens[purpose] = f.handOut(identity.Challenge{Purpose: purpose, Subject: "usr_1", UserID: "usr_1"})
		}
		other := f.handOut(identity.Challenge{Purpose: "link", Subject: "usr_2", UserID: "usr_2"})
		f.must(f.accounts.WithdrawAll(f.Context(), "usr_1", "not-me", "recovery"))
		for purpose, token := range tokens {
			if _, err := f.accounts.Outstanding(f.Context(), purpose, token); kept[purpose] != (err == nil) {
				f.Errorf("%s: %v", purpose, err)
			}
		}
		f.alive(other)
		f.must(f.accounts.WithdrawAll(f.Context(), "usr_1"))
		list, err := f.accounts.All(f.Context(), "not-me", "usr_1")
		if err != nil || len(list) != 0 {
			f.Errorf("%+v, %v", list, err)
		}
	})
}

// All finds what is alive, oldest first.
func TestAllChallenges(t *testing.T) {
	each(t, func(f *fixture) {
		f.handOut(identity.Challenge{Purpose: "link", Subject: "s", Data: []byte("over")})
		f.wait(time.Minute)
		for _, data := range []string{"one", "two"} {
			f.handOut(identity.Challenge{Purpose: "link", Subject: "s", Data: []byte(data)})
		}
		f.handOut(identity.Challenge{Purpose: "other", Subject: "s"})
		list, err := f.accounts.All(f.Context(), "link", "s")
		if err != nil || len(list) != 2 || string(list[0].Data) != "one" || string(list[1].Data) != "two" || list[1].ExpiresAt.IsZero() {
			f.Errorf("%+v, %v", list, err)
		}
	})
}

// Many challenges ring for the sweeper, once.
func TestCrowded(t *testing.T) {
	s := &account.Store{}
	for range 2*account.CrowdedAt - 1 {
		s.Crowd()
	}
	select {
	case <-s.Crowded():
	default:
		t.Fatal("it does not ring")
	}
	select {
	case <-s.Crowded():
		t.Error("it rings again")
	default:
	}
	s.Crowd()
	if len(s.Crowded()) != 1 {
		t.Error("it does not ring a second time")
	}
}
