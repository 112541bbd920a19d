package password

import (
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
)

// Threat: users who were imported with another algorithm or another cost are told apart from
// unknown addresses, and from everybody else, by how long their verification takes. So each
// verification does the work of every kind of hash that is live: the user's own for real, the
// others on dummies. It is work and no sleep: what sleeps holds no processor, which a second
// request beside it would notice.

// MaxKinds is how many kinds of hashes are padded at the most. Threat: an import of a thousand
// different costs would make each sign-in a thousand times as dear. What is beyond is verified
// too, but takes its own time.
const MaxKinds = 8

// A kind is the work of one make of hashes, which can be added up: two of bcrypt at cost 10 take
// what one takes at cost 11. Memory-hard functions cannot be divided so, because filling the
// memory is a part of their cost: each of their costs is a kind of its own.
type kind struct {
	name   string
	work   uint64
	memory uint64 // KiB
	sample string // an encoded hash of this kind that nobody's password matches
}

// kindOf tells the kind of a decoded hash.
func kindOf(encoded string, d digest) kind {
	field := strings.Split(encoded, "$")
	k := kind{name: strings.Join(field[1:len(field)-2], "$"), work: 1, memory: d.memory, sample: blank(field)}
	switch field[1] {
	case "2a", "2b", "2y":
		cost, _ := number(field[2])
		k.name, k.work = "bcrypt", 1<<cost
	case "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		rounds, _, _ := strings.Cut(strings.TrimPrefix(field[2], "i="), ",l=")
		n, _ := number(rounds)
		k.name, k.work = strings.TrimSuffix(field[1], "-sha1"), n*blocks(field[1], len(d.Key()))
	}
	return k
}

// blocks is how often PBKDF2 runs for a key of so many bytes (RFC 8018 section 5.2).
func blocks(name string, length int) uint64 {
	size := hashSize[strings.TrimSuffix(name, "-sha1")]
	return uint64((length + size - 1) / size) //nolint:gosec // at most 512 bytes
}

var hashSize = map[string]int{"pbkdf2": 20, "pbkdf2-sha256": 32, "pbkdf2-sha512": 64}

// blank returns the hash of the fields without its salt and its key: real ones are not kept.
func blank(field []string) string {
	blanked := slices.Clone(field)
	for i := len(field) - 2; i < len(field); i++ {
		blanked[i] = strings.Repeat("A", len(field[i]))
	}
	return strings.Join(blanked, "$")
}

// Make returns how the hashes of one make begin: everything before the salt. What is no hash is all
// make.
func Make(encoded string) string {
	field := strings.SplitAfter(encoded, "$")
	switch n := len(field); {
	case n == 4 && strings.HasPrefix(encoded, "$2"): // bcrypt, whose salt and key are one field
		return strings.Join(field[:3], "")
	case n > 4:
		return strings.Join(field[:n-2], "")
	default:
		return encoded
	}
}

// Live tells which hashes there are: one of each kind, in any order. Those that cannot be verified
// are left out. Until it is called, and beyond it, the Hasher knows its own kind and what it has
// met.
func (h *Hasher) Live(encoded []string) {
	if h.ready() != nil {
		return
	}
	live := map[string]kind{}
	add(live, h.own)
	for _, e := range encoded {
		if d, err := decode(e); err == nil {
			add(live, kindOf(e, d))
		}
	}
	h.live.Store(&live)
}

// Kinds returns the names of the kinds that verifications are padded to, sorted: "bcrypt", or
// "argon2id$v=19$m=65536,t=3,p=1".
func (h *Hasher) Kinds() []string {
	if h.ready() != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(*h.live.Load()))
}

// met learns a kind that nobody told of: it was imported a moment ago.
func (h *Hasher) met(k kind) map[string]kind {
	for {
		was := h.live.Load()
		if (*was)[k.name].work >= k.work {
			return *was
		}
		now := maps.Clone(*was)
		add(now, k)
		if h.live.CompareAndSwap(was, &now) {
			return now
		}
	}
}

// add keeps the most work of each kind.
func add(live map[string]kind, k kind) {
	if _, known := live[k.name]; !known && len(live) >= MaxKinds {
		return
	}
	if k.work > live[k.name].work {
		live[k.name] = k
	}
}

// most is the most memory that one of the kinds takes, in KiB.
func most(live map[string]kind) (memory uint64) {
	for _, k := range live {
		memory = max(memory, k.memory)
	}
	return memory
}

// pad does what is left of the work of every kind after a hash of kind done, in an order that does
// not depend on it.
func (h *Hasher) pad(live map[string]kind, done kind, pw []byte) {
	for _, name := range slices.Sorted(maps.Keys(live)) {
		k := live[name]
		if k.name == done.name {
			k.work -= min(k.work, done.work)
		}
		for k.work > 0 {
			k.work -= h.dummy(k, pw)
		}
	}
}

// dummy computes one hash that takes at most the work of k, and returns how much that was.
func (h *Hasher) dummy(k kind, pw []byte) uint64 {
	did, text := k.work, k.sample
	switch {
	case k.name == "bcrypt": // the lowest bit: what is left to 2^12 after 2^10 is 2^10 and 2^11
		did = k.work & -k.work
		text = fmt.Sprintf("$2b$%02d$%s", bits.TrailingZeros64(did), strings.Repeat(".", 53))
	case hashSize[k.name] != 0:
		text = fmt.Sprintf("$%s$%d$%s$%s", k.name, did, strings.Repeat("A", 22), strings.Repeat("A", (hashSize[k.name]*8+5)/6))
	}
	if d, err := dummyOf(text); err == nil {
		d.MatchBytes(pw)
		h.computed(k.name, did)
	}
	return did
}

// dummyOf reads a hash of the house's own making; its cost may be out of the bounds of an import.
func dummyOf(encoded string) (algorithm.Digest, error) {
	switch name := strings.Split(encoded, "$")[1]; {
	case name == "2b":
		return bcrypt.Decode(encoded)
	case hashSize[name] != 0:
		return pbkdf2.Decode(encoded)
	default:
		return decode(encoded)
	}
}

// computed counts work of a kind.
func (h *Hasher) computed(name string, work uint64) {
	h.counting.Lock()
	defer h.counting.Unlock()
	if h.worked == nil {
		h.worked = map[string]uint64{}
	}
	h.worked[name] += work
}

// Worked returns how much work of each kind was done, real and on dummies: for tests, to which two
// callers look alike if they cost the same.
func (h *Hasher) Worked() map[string]uint64 {
	h.counting.Lock()
	defer h.counting.Unlock()
	return maps.Clone(h.worked)
}
