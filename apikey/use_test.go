package apikey_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/apikey"
	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
)

func (f *fixture) usedAt(id identity.KeyID) time.Duration {
	f.Helper()
	var at int64
	_, err := f.db.Row(f.Context(), []any{&at}, `SELECT used_at FROM api_keys WHERE id = $1`, string(id))
	f.must(err)
	return time.UnixMicro(at).Sub(start)
}

// The last use is written at most once a minute, and by nobody who is refused (BUG-46).
func TestLastUse(t *testing.T) {
	each(t, func(f *fixture) {
		user := f.user("alice")
		k, text := f.key(user, func(n *apikey.New) { n.Networks, _ = apikey.Networks([]string{here}) })
		f.wait(time.Second)
		if _, _, err := f.Check(f.Context(), text, "198.51.100.1"); err == nil {
			t.Error("it is good from elsewhere")
		}
		if got := f.usedAt(k.ID); got > 0 {
			t.Errorf("a refused use is noted at %v", got)
		}
		for _, s := range []struct {
			wait, want time.Duration
		}{{0, time.Second}, {59 * time.Second, time.Second}, {time.Second, 61 * time.Second}} {
			f.wait(s.wait)
			f.is("used", text, true)
			if got := f.usedAt(k.ID); got != s.want {
				t.Errorf("after %v: last used at %v, want %v", s.wait, got, s.want)
			}
		}
		f.wait(time.Hour)
		sqldbtest.Race(16, func(int) { f.is("at once", text, true) })
		if got := f.usedAt(k.ID); got != 61*time.Second+time.Hour {
			t.Errorf("last used at %v", got)
		}
	})
}

func TestNetworks(t *testing.T) {
	for _, c := range []struct {
		list []string
		want string
		in   []string
		out  []string
	}{
		{nil, "[]", []string{here, "2001:db8::1", ""}, nil},
		{[]string{here}, "[192.0.2.7/32]", []string{here, "::ffff:192.0.2.7"}, []string{"192.0.2.8", "", "@", "::1"}},
		{[]string{"10.1.2.3/8", "10.0.0.0/8"}, "[10.0.0.0/8]", []string{"10.255.0.1"}, []string{"11.0.0.1"}},
		{[]string{"::ffff:10.0.0.1/104", "::ffff:192.0.2.7"}, "[10.0.0.0/8 192.0.2.7/32]", []string{"10.9.9.9", here}, []string{"::ffff:0:1"}},
		{[]string{"2001:db8:1::9/48"}, "[2001:db8:1::/48]", []string{"2001:db8:1:ffff::1", "2001:db8:1::2%eth0"}, []string{"2001:db8:2::1", here}},
	} {
		list, err := apikey.Networks(c.list)
		if err != nil || fmt.Sprint(list) != c.want {
			t.Errorf("%v: %v, %v; want %s", c.list, list, err, c.want)
		}
		for _, ip := range c.in {
			if !apikey.Within(list, ip) {
				t.Errorf("%v does not have %q", list, ip)
			}
		}
		for _, ip := range c.out {
			if apikey.Within(list, ip) {
				t.Errorf("%v has %q", list, ip)
			}
		}
	}
	for _, bad := range []string{"", "localhost", "10.0.0.0/33", "fe80::1%eth0", "10.0.0", "10.0.0.1 10.0.0.2", "10.0.0.0/8/8", "::ffff:10.0.0.0/90"} {
		if list, err := apikey.Networks([]string{bad}); err == nil {
			t.Errorf("%q is taken for %v", bad, list)
		}
	}
	if _, err := apikey.Networks(make([]string, 51)); err == nil {
		t.Error("fifty-one networks are accepted")
	}
}

// A list that was damaged in the database lets nobody in, rather than everybody.
func TestDamagedList(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	_, text := f.key(f.user("alice"))
	_, err := f.db.Exec(f.Context(), `UPDATE api_keys SET networks = 'everywhere'`)
	f.must(err)
	f.is("with a damaged list", text, false)
}

// A near miss takes the same path as a key that shares nothing with any: the look-up is by the
// hash of the whole key, so that no comparison sees how much of it was right.
func TestNearMiss(t *testing.T) {
	f := open(t, sqldbtest.SQLite(t))
	_, text := f.key(f.user("alice"))
	near := near(text)
	cause := func(key string) string {
		_, _, err := f.Check(f.Context(), key, here)
		return err.Error()
	}
	if !apikey.Wellformed(near) || near[:40] != text[:40] {
		t.Fatalf("%s is no near miss", near)
	}
	if a, b := cause(near), cause(apikey.Draw("sk_live_")); a != b {
		t.Errorf("a near miss is %q, a stranger %q", a, b)
	}
}

// What is over goes in time: secrets at once, keys after a while in which a leak can be traced.
func TestSweep(t *testing.T) {
	each(t, func(f *fixture) {
		user, ctx := f.user("alice"), f.Context()
		living, text := f.key(user)
		revoked, _ := f.key(user)
		expired, _ := f.key(user, func(n *apikey.New) { n.ExpiresAt = f.now().Add(time.Hour) })
		f.must(f.Revoke(ctx, user, revoked.ID))
		_, _, err := f.Rotate(ctx, user, living.ID, living.Prefix, time.Hour)
		f.must(err)
		rows := func() (ids []string) {
			ids, err := all(f, `SELECT k.id FROM api_key_secrets s JOIN api_keys k ON k.id = s.key_id ORDER BY k.id`)
			f.must(err)
			return ids
		}
		sweep := func(wait time.Duration, want ...identity.KeyID) {
			f.Helper()
			f.wait(wait)
			f.must(f.Sweep(ctx))
			texts := []string{}
			for _, id := range want {
				texts = append(texts, string(id))
			}
			if got := rows(); len(got) != len(want) {
				t.Errorf("left are %v, want %v", got, texts)
			}
		}
		sweep(0, living.ID, living.ID, revoked.ID, expired.ID)
		sweep(time.Hour, living.ID, revoked.ID, expired.ID)
		sweep(90*day-time.Hour, living.ID, expired.ID)
		sweep(time.Hour, living.ID)
		f.is("the old secret", text, false)
	})
}

// The owner of a key in use is told once that it expires, and again when it was given more time.
func TestExpiring(t *testing.T) {
	each(t, func(f *fixture) {
		user, ctx := f.user("alice"), f.Context()
		until := func(d time.Duration) func(*apikey.New) { return func(n *apikey.New) { n.ExpiresAt = f.now().Add(d) } }
		k, text := f.key(user, until(30*day))
		f.key(user, until(30*day)) // never used
		_, short := f.key(user, until(day))
		f.is("used", text, true)
		f.is("used", short, true)
		expiring := func() (ids []identity.KeyID) {
			list, err := f.Expiring(ctx)
			f.must(err)
			for _, k := range list {
				ids = append(ids, k.ID)
			}
			return ids
		}
		want := func(what string, ids ...identity.KeyID) {
			f.Helper()
			if got := expiring(); !reflect.DeepEqual(got, ids) {
				t.Errorf("%s: %v expire, want %v", what, got, ids)
			}
		}
		want("at first")
		f.wait(23 * day)
		want("a week before", k.ID)
		for _, news := range []bool{true, false} {
			if got, err := f.Warned(ctx, k.ID); err != nil || got != news {
				t.Errorf("it is news: %v, %v", got, err)
			}
		}
		want("when it was told")
		later := f.now().Add(20 * day)
		f.must(f.Change(ctx, user, k.ID, apikey.Change{ExpiresAt: &later}))
		f.wait(13 * day)
		want("again", k.ID)
	})
}

func BenchmarkCheck(b *testing.B) {
	f := open(b, sqldbtest.SQLite(b))
	_, text := f.key(f.user("alice"))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := f.Check(b.Context(), text, here); err != nil {
			b.Fatal(err)
		}
	}
}
