package authn

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/throttle"
)

const (
	knownContext = "known browser"
	// mostKnown is how many accounts a browser is known to; the one that signed in longest ago makes
	// room. It keeps the cookie small.
	mostKnown = 5
	longest   = 2048 // of the cookie, before anything is opened
)

// A mark is what a browser keeps that has signed in: a name of its own, and to which accounts. It is
// sealed, so that nobody else can make one, and it proves nothing: whoever steals it gets ten
// guesses of their own, and no more.
type mark struct {
	ID  string   `json:"id"`
	Who [][]byte `json:"who"` // hashes of addresses, and of those with since, cut to 16 bytes
}

func (f *Flow) readMark(text string) (m mark) {
	if text == "" || len(text) > longest {
		return mark{}
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return mark{}
	}
	plain, err := f.Unseal(sealed, knownContext)
	if err != nil || json.Unmarshal(plain, &m) != nil {
		return mark{} // of an older key, or of nobody: a stranger's
	}
	return m
}

func hashOf(who string) []byte {
	sum := sha256.Sum256([]byte(knownContext + " " + who))
	return sum[:16]
}

// of reports whether the browser has signed in to the account of an address. It asks no database: it
// stands before the limits.
func (m mark) of(who string) bool {
	return slices.ContainsFunc(m.Who, func(h []byte) bool { return secret.Equal(h, hashOf(who)) })
}

// since is what a browser knows of an account until all of its sessions end.
func since(user *identity.User) string {
	return user.Email + " " + strconv.FormatInt(user.Generation, 10)
}

// marked returns the mark of a browser that has signed in to the account of an address; "" where the
// one that it has will do. An account gives few a day. Threat: whoever is in it for an hour could make
// thousands, and each has ten guesses at the next password.
func (f *Flow) marked(ctx context.Context, m mark, user *identity.User) (string, error) {
	who := user.Email
	if who == "" || m.of(who) && m.of(since(user)) {
		return "", nil
	}
	if !m.of(who) {
		_, err := f.Limiter.Allow(ctx, "mark "+who, f.Limiter.Rate(throttle.Marks))
		if errors.Is(err, identity.ErrRateLimited) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
	}
	if m.ID == "" {
		m.ID = secret.New()[:22]
	}
	m.Who = slices.DeleteFunc(slices.Clone(m.Who), func(h []byte) bool { return secret.Equal(h, hashOf(who)) })
	m.Who = append(m.Who, hashOf(who), hashOf(since(user)))
	m.Who = m.Who[max(0, len(m.Who)-2*mostKnown):]
	plain, err := json.Marshal(m)
	if err != nil {
		return "", err
	}
	sealed, err := f.Seal(plain, knownContext)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// recognizes reports whether the browser that answers has signed the user in before, since the last
// time that all of their sessions ended. Threat: after a theft the thief's browser would pass for one
// of its owner's for ever.
func (m mark) recognizes(user *identity.User) bool { return m.of(since(user)) }
