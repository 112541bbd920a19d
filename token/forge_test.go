package token_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/sqldbtest"
	"github.com/gatehouse-id/gatehouse/token"
)

const base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// What we did not make is INVALID_TOKEN on every engine, and does no harm to the family.
func TestForged(t *testing.T) {
	each(t, func(f *fixture) {
		l, other := f.signIn(), f.signIn()
		p, o := strings.Split(l.refresh, "."), strings.Split(other.refresh, ".")
		join := func(parts ...string) string { return strings.Join(parts, ".") }
		for what, refresh := range map[string]string{
			"counter ahead":        join(p[0], "2", p[2], p[3]),
			"counter behind":       join(p[0], "0", p[2], p[3]),
			"counter negative":     join(p[0], "-1", p[2], p[3]),
			"counter with zero":    join(p[0], "01", p[2], p[3]),
			"counter with sign":    join(p[0], "+1", p[2], p[3]),
			"counter with space":   join(p[0], " 1", p[2], p[3]),
			"counter too large":    join(p[0], "9223372036854775808", p[2], p[3]),
			"counter wrapped":      join(p[0], "18446744073709551617", p[2], p[3]),
			"no counter":           join(p[0], "", p[2], p[3]),
			"another family":       join(o[0], p[1], p[2], p[3]),
			"another family's MAC": join(p[0], p[1], p[2], o[3]),
			"unknown family":       join("gra_0", p[1], p[2], p[3]),
			"no family":            join("", p[1], p[2], p[3]),
			"family in capitals":   join(strings.ToUpper(p[0]), p[1], p[2], p[3]),
			"family with NUL":      join(p[0]+"\x00", p[1], p[2], p[3]), // PostgreSQL fails on it
			"family not UTF-8":     join("\xff\xfe", p[1], p[2], p[3]),
			"unknown key":          join(p[0], p[1], "000000000000", p[3]),
			"no key":               join(p[0], p[1], "", p[3]),
			"MAC of zeros":         join(p[0], p[1], p[2], strings.Repeat("A", 43)),
			"no MAC":               join(p[0], p[1], p[2], ""),
			"MAC padded":           l.refresh + "=",
			"MAC with line break":  join(p[0], p[1], p[2], p[3][:20]+"\n"+p[3][20:]),
			"MAC with stray bits":  l.refresh[:len(l.refresh)-1] + string(base64url[strings.IndexByte(base64url, l.refresh[len(l.refresh)-1])+1]),
			"line break behind":    l.refresh + "\n",
			"space before":         " " + l.refresh,
			"a fifth part":         l.refresh + ".x",
			"twice":                l.refresh + l.refresh,
			"huge":                 l.refresh + strings.Repeat("x", 1<<20),
			"huge number of parts": strings.Repeat(".", 1<<16),
			"a token of ours":      f.issue(l),
		} {
			_, _, err := f.tokens.Present(f.Context(), refresh)
			f.refuses(what, err, identity.ErrInvalidToken)
		}
		_, _, err := f.tokens.Present(f.Context(), "")
		f.refuses("none", err, token.ErrNoRefresh)
		if _, what := f.present(firefox, l.refresh); what != "rotated" {
			f.Errorf("afterwards the real one is %s", what)
		}
	})
}

// Every character counts, the last bits of the last one too.
func TestForgedCharacters(t *testing.T) {
	each(t, func(f *fixture) {
		refresh := f.signIn().refresh
		for i := range len(refresh) {
			for what, forged := range map[string]string{
				"cut":     refresh[:i],
				"missing": refresh[:i] + refresh[i+1:],
				"changed": refresh[:i] + string(refresh[i]^1) + refresh[i+1:],
			} {
				_, _, err := f.tokens.Present(f.Context(), forged)
				if code := identity.CodeOf(err); code != "INVALID_TOKEN" && (forged != "" || code != "NO_REFRESH_TOKEN") {
					f.Errorf("character %d %s: %v", i, what, err)
				}
			}
		}
	})
}

// The database alone makes no token: neither tokens nor MACs are in it (REF-03, CON-32).
func TestRefreshHidden(t *testing.T) {
	each(t, func(f *fixture) {
		l := f.signIn()
		next, _ := f.present(firefox, l.refresh)
		columns := make([][]byte, 8)
		into := []any{&columns[0], &columns[1], &columns[2], &columns[3], &columns[4], &columns[5], &columns[6], &columns[7]}
		_, err := f.db.Row(f.Context(), into, `SELECT id, user_id, client_id, session_id, key_id, salt, agent, reason FROM grants`)
		f.must(err)
		row := bytes.Join(columns, []byte(" "))
		_, key := f.ring.RefreshSecret()
		for _, refresh := range []string{l.refresh, next} {
			text := refresh[strings.LastIndexByte(refresh, '.')+1:]
			mac, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil || len(columns[5]) != 32 || bytes.Contains(row, mac) || bytes.Contains(row, []byte(text)) || bytes.Contains(row, key) {
				f.Errorf("%q, row %q", refresh, row)
			}
		}
	})
}

// Who has the whole database, and a key that is not the family's, still makes no token.
func TestForgedFromDatabase(t *testing.T) {
	each(t, func(f *fixture) {
		retired, retiredKey := f.ring.RefreshSecret()
		f.must(f.ring.Rotate(f.Context(), false))
		l := f.signIn()
		id, key := f.ring.RefreshSecret()
		if _, _, err := f.tokens.Present(f.Context(), f.forge(l, id, key)); err != nil {
			f.Fatalf("with the right key: %v", err)
		}
		_, _, err := f.tokens.Present(f.Context(), f.forge(l, retired, retiredKey))
		f.refuses("with a retired key", err, identity.ErrInvalidToken)
		f.must(f.ring.Rotate(f.Context(), true))
		_, _, err = f.tokens.Present(f.Context(), f.forge(l, id, nil))
		f.refuses("with nothing for a dropped key", err, identity.ErrInvalidToken)
	})
}

// forge makes the first refresh token of a login as we would, with any key.
func (f *fixture) forge(l *login, keyID string, key []byte) string {
	f.Helper()
	var salt []byte
	_, err := f.db.Row(f.Context(), []any{&salt}, `SELECT salt FROM grants WHERE id = $1`, string(l.family.ID))
	f.must(err)
	mac := secret.MAC(key, []byte(l.family.ID), []byte{0, 0, 0, 0, 0, 0, 0, 1}, salt)
	return string(l.family.ID) + ".1." + keyID + "." + base64.RawURLEncoding.EncodeToString(mac)
}

// A rotation of keys signs nobody out for as long as a family can live (JWT-14, CON-31).
func TestKeyRotation(t *testing.T) {
	each(t, func(f *fixture) {
		before := f.signIn()
		f.must(f.ring.Rotate(f.Context(), false))
		after := f.signIn()
		if a, b := keyOf(before.refresh), keyOf(after.refresh); a == b {
			f.Errorf("both are of key %s", a)
		}
		old, young := before.refresh, after.refresh
		for d := range 29 {
			f.wait(day)
			var what, its string
			old, what = f.present(firefox, old)
			young, its = f.present(firefox, young)
			if what != "rotated" || its != "rotated" {
				f.Fatalf("day %d: %s, %s", d+1, what, its)
			}
		}
		f.wait(day)
		f.must(f.ring.Sweep(f.Context()))
		f.must(f.ring.Reload(f.Context()))
		for _, refresh := range []string{old, young} {
			if _, what := f.present(firefox, refresh); what != "REFRESH_EXPIRED" && what != "INVALID_TOKEN" {
				f.Errorf("after a month: %s", what)
			}
		}
	})
}

func keyOf(refresh string) string { return strings.Split(refresh, ".")[2] }

// The emergency rotation ends every family at once (BRE-02, CON-31).
func TestEmergency(t *testing.T) {
	each(t, func(f *fixture) {
		l := f.signIn()
		next, _ := f.present(firefox, l.refresh)
		family, number, err := f.tokens.Present(with(f.Context(), firefox), next)
		f.must(err)
		f.must(f.ring.Rotate(f.Context(), true))
		for _, refresh := range []string{l.refresh, next} {
			if _, what := f.present(firefox, refresh); what != "INVALID_TOKEN" {
				f.Errorf("%s", what)
			}
		}
		if _, err = f.rotate(with(f.Context(), firefox), family, number, nil); err == nil {
			_, err = f.tokens.Successor(family)
		}
		f.refuses("a refresh under way", err, identity.ErrInvalidToken)
		if _, what := f.present(firefox, f.signIn().refresh); what != "rotated" {
			f.Errorf("who signs in again is %s", what)
		}
	})
}

func FuzzPresent(fuzz *testing.F) {
	f := open(fuzz, sqldbtest.SQLite(fuzz))
	l := f.signIn()
	p := strings.Split(l.refresh, ".")
	for _, s := range []string{
		"", "....", l.refresh, l.refresh + "=", p[0] + ".2." + p[2] + "." + p[3], p[0] + "\x00.1." + p[2] + "." + p[3],
		"gra_0.1.000000000000." + strings.Repeat("A", 43), "a.9223372036854775807.b." + strings.Repeat("_", 43),
	} {
		fuzz.Add(s)
	}
	fuzz.Fuzz(func(t *testing.T, s string) {
		family, number, err := f.tokens.Present(t.Context(), s)
		switch code := identity.CodeOf(err); {
		case s == l.refresh:
			if err != nil || family.ID != l.family.ID || number != 1 {
				t.Errorf("the real one: %+v, %d, %v", family, number, err)
			}
		case s == "" && code != "NO_REFRESH_TOKEN", s != "" && code != "INVALID_TOKEN":
			t.Errorf("%q: %+v, %v", s, family, err)
		}
	})
}

// A retired key that ran out refuses by itself, before anybody swept it.
func TestKeyDropped(t *testing.T) {
	each(t, func(f *fixture) {
		l := f.signIn()
		f.must(f.ring.Rotate(f.Context(), false))
		f.wait(lifetime - time.Microsecond)
		_, _, err := f.tokens.Present(f.Context(), l.refresh)
		f.refuses("a moment before", err, nil)
		f.wait(time.Microsecond)
		_, _, err = f.tokens.Present(f.Context(), l.refresh)
		f.refuses("dropped", err, identity.ErrInvalidToken)
	})
}
