package verify_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/jose"
)

// A new key is learned from the first token that names it; one that is gone stops counting within
// a minute, for tokens seen before too.
func TestRotation(t *testing.T) {
	i := newIssuer(t)
	v, old, next := i.guard(), i.key, generate(t, jose.EdDSA, "k2")
	seen := i.token(nil)
	i.refuses("the first", check(v, seen), nil)
	i.publishes(old, next)
	i.refuses("the next key", check(v, i.tokenBy(next, "at+jwt", nil)), nil)
	i.refuses("the old key", check(v, seen), nil)
	if i.called(jwks) != 2 || i.called(oauth) != 1 {
		t.Errorf("%d fetches of keys, %d of the document", i.called(jwks), i.called(oauth))
	}
	i.publishes(next)
	i.wait(time.Minute)
	i.refuses("a retired key, seen before", check(v, seen), identity.ErrInvalidToken)
	i.refuses("a retired key", check(v, i.tokenBy(old, "at+jwt", object{"jti": "t2"})), identity.ErrInvalidToken)
	i.refuses("the key that is left", check(v, i.tokenBy(next, "at+jwt", nil)), nil)
}

// A key with the name of another is another: what the one signed says nothing about the other.
func TestSameName(t *testing.T) {
	i := newIssuer(t)
	v, seen := i.guard(), i.token(nil)
	i.refuses("the first", check(v, seen), nil)
	i.publishes(generate(t, jose.ES256, i.key.ID))
	i.wait(time.Minute)
	i.refuses("seen before", check(v, seen), identity.ErrInvalidToken)
	i.publishes(i.key)
	i.wait(time.Minute)
	i.refuses("the first again", check(v, seen), nil)
}

// Anybody can write tokens that name keys. However many come, that is one fetch a minute.
func TestUnknownKeys(t *testing.T) {
	i := newIssuer(t)
	v, stranger := i.guard(), generate(t, jose.ES256, "k1")
	i.must(check(v, i.token(nil)))
	flood := func() {
		var all sync.WaitGroup
		for n := range 200 {
			all.Go(func() {
				k := *stranger
				k.ID = fmt.Sprint("unknown", n)
				if err := check(v, i.tokenBy(&k, "at+jwt", nil)); identity.CodeOf(err) != "INVALID_TOKEN" {
					t.Errorf("%v", err)
				}
			})
		}
		all.Wait()
	}
	flood()
	flood()
	if n := i.called(jwks); n != 2 {
		t.Errorf("%d fetches in the first minute", n)
	}
	i.wait(44 * time.Second)
	flood()
	if n := i.called(jwks); n != 2 {
		t.Errorf("%d fetches in the first minute", n)
	}
	i.wait(16 * time.Second)
	flood()
	if n := i.called(jwks); n > 4 { // the age of the set and the unknown key, once each
		t.Errorf("%d fetches in two minutes", n)
	}
}

// Many first requests at once are one discovery.
func TestOneFlight(t *testing.T) {
	i := newIssuer(t)
	v, token := i.guard(), i.token(nil)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { i.refuses("together", check(v, token), nil) })
	}
	all.Wait()
	if i.called(oauth) != 1 || i.called(jwks) != 1 {
		t.Errorf("%d documents, %d sets", i.called(oauth), i.called(jwks))
	}
}

// Before a set is too old it is renewed behind the back of a request, which does not wait.
func TestRenewal(t *testing.T) {
	i := newIssuer(t)
	v, token := i.guard(), i.token(nil)
	i.must(check(v, token))
	set, err := jose.JWKS([]*jose.Key{i.key})
	i.must(err)
	hold := make(chan struct{})
	i.does(jwks, func(w http.ResponseWriter, _ *http.Request) {
		<-hold
		_, _ = w.Write(set)
	})
	i.wait(50 * time.Second)
	for range 10 {
		i.refuses("while it is renewed", check(v, token), nil)
	}
	i.eventually("the renewal", func() bool { return i.called(jwks) == 2 })
	close(hold)
	i.wait(30 * time.Second) // the set of before would be too old
	i.eventually("renewed", func() bool { return check(v, token) == nil })
	if n := i.called(jwks); n > 3 {
		t.Errorf("%d fetches", n)
	}
}

// While the issuer is down its keys are believed for an hour, and then nothing is.
func TestIssuerDown(t *testing.T) {
	i := newIssuer(t)
	v := i.guard()
	lasting := object{"exp": start.Add(24 * time.Hour).Unix()}
	token, next := i.token(lasting), generate(t, jose.ES256, "k2")
	i.must(check(v, token))
	mend := i.breaks()
	i.wait(time.Minute)
	i.refuses("down for a minute", check(v, token), nil)
	i.refuses("nobody knows whether there is such a key", check(v, i.tokenBy(next, "at+jwt", lasting)), identity.ErrUnavailable)
	before := i.called(jwks) + i.called(oauth)
	for range 50 {
		i.refuses("again at once", check(v, token), nil)
	}
	if n := i.called(jwks) + i.called(oauth); n != before {
		t.Errorf("%d calls in no time", n-before)
	}
	i.wait(58 * time.Minute)
	i.refuses("down for 59 minutes", check(v, token), nil)
	i.eventually("the retry", func() bool { return i.called(oauth)+i.called(jwks) > before })
	i.wait(time.Minute)
	i.refuses("down for an hour", check(v, token), identity.ErrUnavailable)
	mend()
	i.wait(5 * time.Second)
	i.eventually("up again", func() bool { return check(v, token) == nil })
}

// An issuer that is down when the first token comes is asked again, not at once but soon.
func TestDownFromTheStart(t *testing.T) {
	i := newIssuer(t)
	v, token, mend := i.guard(), i.token(nil), i.breaks()
	i.refuses("down", check(v, token), identity.ErrUnavailable)
	i.refuses("down, at once", v.Open(t.Context()), identity.ErrUnavailable)
	if n := i.called(oauth); n != 1 {
		t.Errorf("%d calls", n)
	}
	mend()
	i.wait(5 * time.Second)
	i.refuses("up", v.Open(t.Context()), nil)
	i.refuses("up", check(v, token), nil)
}

// Key sets that are refused, each whole (GEN-11, JWT-13).
func TestKeySets(t *testing.T) {
	i := newIssuer(t)
	jwk, err := i.key.JWK()
	i.must(err)
	good := string(jwk)
	with := func(more string) string { return strings.TrimSuffix(good, "}") + "," + more + "}" }
	for name, c := range map[string]struct {
		set  string
		want error
	}{
		"a private key":         {`{"keys":[` + with(`"d":"AAAA"`) + `]}`, identity.ErrUnavailable},
		"a secret besides":      {`{"keys":[` + good + `,{"kty":"oct","kid":"s","k":"AAAA"}]}`, identity.ErrUnavailable},
		"two keys of one name":  {`{"keys":[` + good + `,` + good + `]}`, identity.ErrUnavailable},
		"a member twice":        {`{"keys":[` + with(`"kid":"k1"`) + `]}`, identity.ErrUnavailable},
		"no set":                {`<html>`, identity.ErrUnavailable},
		"no keys":               {`{}`, identity.ErrUnavailable},
		"too long":              {`{"keys":[` + good + `],"x":"` + strings.Repeat("x", 64<<10) + `"}`, identity.ErrUnavailable},
		"an empty set":          {`{"keys":[]}`, identity.ErrInvalidToken},
		"a key for encryption":  {`{"keys":[` + strings.Replace(good, `"use":"sig"`, `"use":"enc"`, 1) + `]}`, identity.ErrInvalidToken},
		"a key for another alg": {`{"keys":[` + strings.Replace(good, `"alg":"ES256"`, `"alg":"RS256"`, 1) + `]}`, identity.ErrInvalidToken},
		"a key for HS256":       {`{"keys":[` + strings.Replace(good, `"alg":"ES256"`, `"alg":"HS256"`, 1) + `]}`, identity.ErrInvalidToken},
		"the good one":          {`{"keys":[` + good + `]}`, nil},
	} {
		i.says(jwks, http.StatusOK, c.set)
		i.refuses(name, check(i.guard(), i.token(nil)), c.want)
	}
}

// An issuer that gives a private key away has told everybody how to sign: from then on nothing it
// said before counts either.
func TestPrivateKeyPublished(t *testing.T) {
	i := newIssuer(t)
	v, token := i.guard(), i.token(nil)
	i.must(check(v, token))
	i.says(jwks, http.StatusOK, `{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","d":"AAAA"}]}`)
	i.wait(time.Minute)
	i.refuses("given away", check(v, token), identity.ErrUnavailable)
}
