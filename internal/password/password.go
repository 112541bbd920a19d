// Package password owns what a password is worth: how it is hashed, verified and taken
// over from other systems, and how strong it must be. It knows no users, no database and
// no HTTP. It follows NIST SP 800-63B-4 section 3.1.1.2, RFC 9106 (Argon2id) and OWASP
// ASVS 5.0 V6.2. A password is normalised to NFC and otherwise used exactly as received:
// never trimmed, folded or cut (ASVS 6.2.8).
package password

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// ErrMismatch is returned by Verify for a wrong password, and for a user who has none.
var ErrMismatch = errors.New("password: mismatch")

const (
	saltLength = 16 // bytes; RFC 9106 section 3.1
	keyLength  = 32 // bytes

	maxTogether  = 1 << 20 // KiB that hashes under way use together by default
	defaultQueue = 64      // waiting hashes for each one that runs
	defaultWait  = 5 * time.Second
)

// MaxBytes is the longest password that is looked at. Threat: normalising and hashing megabytes for
// a stranger. Nobody's is longer, so that one that is says nothing of whose it was said to be.
const MaxBytes = 4 << 10

// A Hasher hashes and verifies passwords, so many at a time: a flood of logins meets a
// full queue, not a machine out of memory. The zero Hasher is ready and safe for
// concurrent use; its fields must not change after the first call.
type Hasher struct {
	Params   Params        // cost of new hashes
	Parallel int           // how many hashes run at once; 0 is all processors but one, less where they would need over 1 GiB
	Queue    int           // how many more may wait; 0 is 64 for each of Parallel
	Wait     time.Duration // longest wait; 0 is 5 s

	once    sync.Once
	invalid error  // why Params cannot be used
	prefix  string // how an encoded hash of the current cost begins
	nobody  string // one that no password matches
	own     kind
	queue   *queue
	live    atomic.Pointer[map[string]kind] // what verifications are padded to, by name
	hashes  atomic.Uint64

	counting sync.Mutex
	worked   map[string]uint64
}

// Hash returns the Argon2id hash of pw in the PHC string format, with a fresh salt. It
// fails with identity.ErrUnavailable when the queue is full or too slow, and with
// ctx.Err() when ctx ends first. A password over MaxBytes is refused at once.
func (h *Hasher) Hash(ctx context.Context, pw string) (string, error) {
	if err := h.ready(); err != nil {
		return "", err
	}
	if len(pw) > MaxBytes {
		return "", tooLong(MaxBytes)
	}
	leave, err := h.queue.enter(ctx, false)
	if err != nil {
		return "", err
	}
	defer leave()
	h.hashes.Add(1)
	h.computed(h.own.name, h.own.work)
	salt := make([]byte, saltLength)
	rand.Read(salt)
	p := h.Params.orDefault()
	key := argon2.IDKey(normalise(pw), salt, p.Time, p.Memory, p.Parallelism, keyLength)
	return h.encode(salt, key), nil
}

// Verify returns nil when pw is the password of encoded, and ErrMismatch when it is not.
// It asks for a rehash when encoded is not what Hash would make today (PWD-08). An empty
// encoded is a user who does not exist and never matches. Whoever it is about, it does the
// work of every kind of hash that is live, so that the time of an answer names no users (BUG-21).
// A hash that Importable refuses fails before any work is done, and so does a password over
// MaxBytes: it is ErrMismatch. Other errors are those of Hash.
func (h *Hasher) Verify(ctx context.Context, encoded, pw string) (rehash bool, err error) {
	if err := h.ready(); err != nil {
		return false, err
	}
	if len(pw) > MaxBytes {
		return false, ErrMismatch
	}
	nobody := encoded == ""
	if nobody {
		encoded = h.nobody
	}
	d, err := decode(encoded)
	if err != nil {
		return false, err
	}
	k := kindOf(encoded, d)
	live := h.met(k)
	leave, err := h.queue.enter(ctx, max(most(live), k.memory) > uint64(h.Params.orDefault().Memory))
	if err != nil {
		return false, err
	}
	defer leave()
	h.hashes.Add(1)
	text := normalise(pw)
	matched := d.MatchBytes(text)
	h.computed(k.name, k.work)
	h.pad(live, k, text)
	if !matched || nobody {
		return false, ErrMismatch
	}
	return !h.current(encoded), nil
}

// Hashes returns how many hashes were computed: one for each Hash and each Verify, of a
// user or of nobody, that was not turned away.
func (h *Hasher) Hashes() uint64 { return h.hashes.Load() }

// current tells whether encoded has today's algorithm, cost and lengths.
func (h *Hasher) current(encoded string) bool {
	return strings.HasPrefix(encoded, h.prefix) && len(encoded) == len(h.nobody)
}

func (h *Hasher) ready() error {
	h.once.Do(func() {
		p := h.Params.orDefault()
		h.invalid = p.Validate()
		h.prefix = fmt.Sprintf("$argon2id$v=%d$%s$", argon2.Version, p)
		h.nobody = h.encode(make([]byte, saltLength), make([]byte, keyLength))
		h.own = kind{name: strings.Trim(h.prefix, "$"), work: 1, memory: uint64(p.Memory), sample: h.nobody}
		h.live.Store(&map[string]kind{h.own.name: h.own})
		affordable := max(1, maxTogether/int(p.Memory))
		parallel := cmp.Or(h.Parallel, min(max(1, runtime.GOMAXPROCS(0)-1), affordable))
		h.queue = newQueue(parallel, cmp.Or(h.Queue, defaultQueue*parallel), cmp.Or(h.Wait, defaultWait))
	})
	return h.invalid
}

func (h *Hasher) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return h.prefix + b64(salt) + "$" + b64(key)
}

// normalise returns the NFC form of pw, the one change that NIST asks for: the same word
// typed on two keyboards is then the same password.
func normalise(pw string) []byte { return norm.NFC.Bytes([]byte(pw)) }
