package session_test

import (
	"bytes"
	"encoding/base64"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
)

var modes = []identity.Mode{identity.ModeCookie, identity.ModeToken, identity.ModeCookieToken, identity.ModeNative}

func TestCreate(t *testing.T) {
	each(t, func(f *fixture) {
		for _, mode := range modes {
			user := f.user(string(mode))
			made, token := f.begin(user, mode, idle, day)
			if (token != "") != (mode == identity.ModeCookie) {
				f.Errorf("%s: token %q", mode, token)
			}
			want := &identity.Session{
				ID: made.ID, UserID: user, Mode: mode, Proofs: made.Proofs, UserAgent: "Firefox", IP: "192.0.2.1",
				CreatedAt: start, SeenAt: start, Idle: idle, ExpiresAt: start.Add(day),
			}
			got, err := f.sessions.Get(f.Context(), made.ID)
			if err != nil || !reflect.DeepEqual(got, want) || !reflect.DeepEqual(made, want) {
				f.Errorf("%s: %v\ngot  %+v\nmade %+v\nwant %+v", mode, err, got, made, want)
			}
			if n := f.events(user)[identity.EventSessionCreated]; n != 1 {
				f.Errorf("%s: %d events", mode, n)
			}
		}
	})
}

// A session's secret is 256 random bits that mean nothing (SES-01), so there is nothing to sign
// (SES-09, CON-32), in 43 characters (GEN-07, CON-18). The database keeps a hash; the token
// modes have nothing that could be guessed at all.
func TestSecretHidden(t *testing.T) {
	each(t, func(f *fixture) {
		v, token := f.signIn(f.user("alice"))
		raw, err := base64.RawURLEncoding.DecodeString(token)
		f.must(err)
		columns := make([][]byte, 7)
		into := []any{&columns[0], &columns[1], &columns[2], &columns[3], &columns[4], &columns[5], &columns[6]}
		_, err = f.db.Row(f.Context(), into, `SELECT id, user_id, hash, mode, proofs, user_agent, ip FROM sessions`)
		f.must(err)
		row := bytes.Join(columns, []byte(" "))
		if len(raw) != 32 || !bytes.Equal(columns[2], secret.Hash(token)) || bytes.Contains(row, raw) || bytes.Contains(row, []byte(token)) {
			f.Errorf("token %q, row %q", token, row)
		}
		f.begin(v.UserID, identity.ModeToken, 0, day)
		var without int
		_, err = f.db.Row(f.Context(), []any{&without}, `SELECT COUNT(*) FROM sessions WHERE hash IS NULL`)
		if err != nil || without != 1 {
			f.Errorf("%d sessions without a secret, %v", without, err)
		}
	})
}

func TestLookup(t *testing.T) {
	each(t, func(f *fixture) {
		for name, roles := range map[string][]string{"two": {"admin", "user"}, "one": {"user"}, "none": {}} {
			made, token := f.signIn(f.user(name, roles...))
			got, its, err := f.sessions.Lookup(f.Context(), token)
			slices.Sort(its)
			if err != nil || !reflect.DeepEqual(got, made) || !slices.Equal(its, roles) {
				f.Errorf("%s: %+v, roles %v, %v, want %+v", name, got, its, err, made)
			}
		}
		for _, token := range []string{"", "x", secret.New(), string(secret.Hash(""))} {
			if f.live(token) {
				f.Errorf("%q opened a session", token)
			}
		}
	})
}

// Sliding and absolute expiry hold together (SES-20, SES-21, CON-29).
func TestTimings(t *testing.T) {
	const long = 30 * day
	each(t, func(f *fixture) {
		user := f.user("alice")
		for name, c := range map[string]struct {
			idle, lifetime time.Duration
			uses           int           // Lookups that succeed
			every          time.Duration // apart from each other
			then           time.Duration // after the last of them
			live           bool
		}{
			"unused, almost idle":          {idle, day, 0, 0, idle - time.Microsecond, true},
			"unused, idle":                 {idle, day, 0, 0, idle, false},
			"used, almost idle again":      {idle, day, 3, 20 * time.Minute, idle - time.Microsecond, true},
			"used, idle again":             {idle, day, 3, 20 * time.Minute, idle, false},
			"used too soon to slide":       {idle, day, 1, idle / 10, idle * 9 / 10, false},
			"used late enough to slide":    {idle, day, 1, idle/10 + time.Second, idle - time.Second, true},
			"used all day, almost over":    {idle, day, 71, 20 * time.Minute, 20*time.Minute - time.Microsecond, true},
			"used all day, over":           {idle, day, 71, 20 * time.Minute, 20 * time.Minute, false},
			"remembered, almost a month":   {long, long, 0, 0, long - time.Microsecond, true},
			"remembered, a month":          {long, long, 0, 0, long, false},
			"remembered, used, a month":    {long, long, 5, 5 * day, 5 * day, false},
			"absolute end before idle one": {long, time.Hour, 0, 0, time.Hour, false},
			"no idle end, almost over":     {0, day, 0, 0, day - time.Microsecond, true},
			"no idle end, over":            {0, day, 0, 0, day, false},
		} {
			v, token := f.begin(user, identity.ModeCookie, c.idle, c.lifetime)
			for i := range c.uses {
				if f.wait(c.every); !f.live(token) {
					f.Errorf("%s: over at use %d", name, i+1)
				}
			}
			f.wait(c.then)
			_, err := f.sessions.Get(f.Context(), v.ID)
			if f.live(token) != c.live || (err == nil) != c.live {
				f.Errorf("%s: live %v, Get %v", name, !c.live, err)
			}
		}
	})
}

// A busy session is written at most once in a tenth of its idle time (SES-10, SES-16).
func TestWrites(t *testing.T) {
	each(t, func(f *fixture) {
		v, token := f.signIn(f.user("alice"))
		writes, before := 0, f.seen(v.ID)
		for range 180 {
			if f.wait(10 * time.Second); !f.live(token) {
				f.Fatal("over")
			}
			if now := f.seen(v.ID); now != before {
				writes, before = writes+1, now
			}
		}
		if writes < 5 || writes > 10 {
			f.Errorf("%d writes in one idle time of requests", writes)
		}
	})
}

// What ends a session from outside ends it with the very next request (SES-23, SES-29, CON-24).
func TestEnded(t *testing.T) {
	each(t, func(f *fixture) {
		for name, end := range map[string]func(v *identity.Session) error{
			"revoked":     func(v *identity.Session) error { _, err := f.sessions.Revoke(f.Context(), v.UserID, v.ID); return err },
			"all revoked": func(v *identity.Session) error { _, err := f.sessions.RevokeAll(f.Context(), v.UserID, ""); return err },
			"disabled": func(v *identity.Session) error {
				return f.accounts.SetState(f.Context(), v.UserID, identity.Disabled)
			},
			"deleted":        func(v *identity.Session) error { return f.accounts.Delete(f.Context(), v.UserID) },
			"new generation": func(v *identity.Session) error { _, err := f.accounts.EndGeneration(f.Context(), v.UserID); return err },
			"must reset": func(v *identity.Session) error { // BRE-05
				_, err := f.db.Exec(f.Context(), `UPDATE users SET must_reset = TRUE WHERE id = $1`, string(v.UserID))
				return err
			},
		} {
			v, token := f.signIn(f.user(name[:3] + name[len(name)-3:]))
			if !f.live(token) {
				f.Fatalf("%s: over before", name)
			}
			f.must(end(v))
			if f.live(token) {
				f.Errorf("%s: live", name)
			}
			_, err := f.sessions.Get(f.Context(), v.ID)
			f.refuses(name, err, identity.ErrNotFound)
			if list, err := f.sessions.List(f.Context(), v.UserID); err != nil || len(list) != 0 {
				f.Errorf("%s: listed %v, %v", name, list, err)
			}
		}
	})
}

func TestList(t *testing.T) {
	each(t, func(f *fixture) {
		tokens, alice, bob := f.tokens(), f.user("alice"), f.user("bob")
		first, token := f.signIn(alice)
		f.wait(time.Minute)
		second := f.family(tokens, alice, day)
		f.family(tokens, alice, time.Second) // is not listed once its family is over
		gone, _ := f.begin(alice, identity.ModeCookie, time.Second, day)
		theirs, _ := f.signIn(bob)
		f.wait(5 * time.Minute)
		for user, want := range map[identity.UserID][]identity.SessionID{alice: {second, first.ID}, bob: {theirs.ID}, "usr_0": nil} {
			if got := f.list(user); !slices.Equal(got, want) || slices.Contains(got, gone.ID) {
				f.Errorf("%s: %v, want %v", user, got, want)
			}
		}
		f.live(token)
		if got := f.list(alice); !slices.Equal(got, []identity.SessionID{first.ID, second}) {
			f.Errorf("%v: the latest seen comes first", got)
		}
	})
}

func (f *fixture) list(user identity.UserID) (ids []identity.SessionID) {
	f.Helper()
	list, err := f.sessions.List(f.Context(), user)
	f.must(err)
	for _, v := range list {
		ids = append(ids, v.ID)
	}
	return ids
}

func TestTouch(t *testing.T) {
	each(t, func(f *fixture) {
		v, _ := f.begin(f.user("alice"), identity.ModeToken, 0, day)
		f.wait(time.Hour)
		f.must(f.sessions.Touch(f.from("192.0.2.9", "Safari"), v.ID))
		v.SeenAt, v.IP, v.UserAgent = start.Add(time.Hour), "192.0.2.9", "Safari"
		if got, err := f.sessions.Get(f.Context(), v.ID); err != nil || !reflect.DeepEqual(got, v) {
			f.Errorf("%+v, %v, want %+v", got, err, v)
		}
	})
}

// Whoever knows the ID finds the same session as by its secret, with the same roles, until it is over;
// one of a token mode as long as its refresh family is not (SES-16, SES-17).
func TestUse(t *testing.T) {
	each(t, func(f *fixture) {
		tokens := f.tokens() // before there is any history
		user := f.user("alice", "editor", "user")
		v, token := f.signIn(user)
		byID, roles, err := f.sessions.Use(f.Context(), v.ID)
		f.must(err)
		bySecret, same, err := f.sessions.Lookup(f.Context(), token)
		f.must(err)
		if byID.ID != bySecret.ID || byID.UserID != user || !slices.Equal(roles, same) {
			f.Errorf("%+v %q, by the secret %+v %q", byID, roles, bySecret, same)
		}
		for range 4 { // use by ID keeps it alive
			f.wait(idle - time.Second)
			_, _, err = f.sessions.Use(f.Context(), v.ID)
			f.must(err)
		}
		lasting, _ := f.begin(user, identity.ModeCookie, 0, day)
		family := f.family(tokens, user, time.Hour)
		_, _, err = f.sessions.Use(f.Context(), lasting.ID)
		f.must(err)
		_, _, err = f.sessions.Use(f.Context(), family)
		f.must(err)
		f.wait(time.Hour)
		_, _, err = f.sessions.Use(f.Context(), lasting.ID)
		f.must(err)
		for _, id := range []identity.SessionID{v.ID, family, "ses_none", ""} {
			_, _, err := f.sessions.Use(f.Context(), id)
			f.refuses("Use "+string(id), err, identity.ErrNoCredentials)
		}
	})
}
