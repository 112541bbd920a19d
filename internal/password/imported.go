package password

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-crypt/crypt/algorithm"
	"github.com/go-crypt/crypt/algorithm/argon2"
	"github.com/go-crypt/crypt/algorithm/bcrypt"
	"github.com/go-crypt/crypt/algorithm/pbkdf2"
	"github.com/go-crypt/crypt/algorithm/scrypt"
)

// The bounds of a hash that this package verifies. Threat: an encoded hash carries its
// own cost, so that a hostile or careless import could make one login eat all memory
// (m=4294967295) or hold a processor for hours. Everything that OWASP and RFC 9106
// section 4 recommend for a login lies within, but for Argon2 with 2 GiB.
const (
	MaxMemory      = 256 << 10 // KiB, of Argon2 and scrypt
	MaxWork        = 1 << 20   // KiB times passes (Argon2) or times lanes (scrypt)
	MaxParallelism = 16        // lanes of Argon2 and scrypt
	MaxBcryptCost  = 15        // about 2 s
	MaxIterations  = 2_000_000 // of PBKDF2
	MaxEncoded     = 512       // bytes of the encoded hash, and so of salt and key
)

const (
	minBcryptCost = 4    // the algorithm's own floor
	minIterations = 1000 // RFC 8018 section 4.2
	minSalt       = 4    // bytes; NIST SP 800-63B-4 section 3.1.1.2
	minKey        = 16   // bytes; a shorter one is met by chance
)

// ErrUnusable is an encoded hash of an algorithm or a cost that this package refuses. Its
// text says why and never quotes the hash.
var ErrUnusable = errors.New("password: unusable hash")

var errMalformed = fmt.Errorf("%w: malformed", ErrUnusable)

// Importable says whether Verify can work with a hash of another system: nil, or an
// ErrUnusable. It takes Argon2 (version 19; i, d and id), bcrypt (2a, 2b, 2y), scrypt and
// PBKDF2 (HMAC with SHA-1, SHA-256 or SHA-512) in the forms of PHC and passlib, and
// neither plain nor crypt(3) hashes of MD5, SHA-1 or SHA-2 (PWD-04). It computes no hash.
func Importable(encoded string) error {
	_, err := decode(encoded)
	return err
}

// A digest is an encoded hash whose cost is known to be bearable.
type digest struct {
	algorithm.Digest
	memory uint64 // KiB
}

func decode(encoded string) (digest, error) {
	if len(encoded) > MaxEncoded {
		return digest{}, fmt.Errorf("%w: over %d bytes", ErrUnusable, MaxEncoded)
	}
	field := strings.Split(encoded, "$")
	if len(field) < 4 || field[0] != "" {
		return digest{}, errMalformed
	}
	d, err := decodeFields(field)
	switch {
	case err != nil:
		return digest{}, err
	case len(d.Salt()) < minSalt || len(d.Key()) < minKey:
		return digest{}, fmt.Errorf("%w: salt or key is too short", ErrUnusable)
	}
	return d, nil
}

func decodeFields(field []string) (digest, error) {
	switch field[1] {
	case "argon2id", "argon2i", "argon2d":
		return decodeArgon2(field)
	case "2a", "2b", "2y":
		return decodeBcrypt(field)
	case "scrypt":
		return decodeScrypt(field)
	case "pbkdf2", "pbkdf2-sha1", "pbkdf2-sha256", "pbkdf2-sha512":
		return decodePBKDF2(field)
	default:
		return digest{}, fmt.Errorf("%w: unknown or refused algorithm", ErrUnusable)
	}
}

func decodeArgon2(field []string) (digest, error) {
	if len(field) != 6 || field[2] != "v=19" {
		return digest{}, errMalformed
	}
	n, ok := numbers(field[3], "m", "t", "p")
	if !ok {
		return digest{}, errMalformed
	}
	if err := boundArgon2(n[0], n[1], n[2]); err != nil {
		return digest{}, err
	}
	return decoded(argon2.Decode, field, n[0])
}

func boundArgon2(memory, time, lanes uint64) error {
	if time < 1 || lanes < 1 || lanes > MaxParallelism || memory < 8*lanes || memory > MaxMemory || memory*time > MaxWork {
		return costError("m=%d,t=%d,p=%d", memory, time, lanes)
	}
	return nil
}

// decodeBcrypt takes a hash whose password bcrypt cut after 72 bytes: it is verified as
// the system that made it did, and Verify asks for a rehash, which cuts nothing (PWD-06).
func decodeBcrypt(field []string) (digest, error) {
	if len(field) != 4 {
		return digest{}, errMalformed
	}
	cost, ok := number(field[2])
	if !ok {
		return digest{}, errMalformed
	}
	if cost < minBcryptCost || cost > MaxBcryptCost {
		return digest{}, costError("bcrypt cost %d", cost)
	}
	return decoded(bcrypt.Decode, field, 0)
}

func decodeScrypt(field []string) (digest, error) {
	if len(field) != 5 {
		return digest{}, errMalformed
	}
	n, ok := numbers(field[2], "ln", "r", "p")
	if !ok {
		return digest{}, errMalformed
	}
	ln, r, p := n[0], n[1], n[2]
	// The first comparisons keep the shift from overflowing (RFC 7914 section 2: 128·N·r bytes).
	if ln < 1 || ln > 20 || r < 1 || r > 1<<10 || p < 1 || p > MaxParallelism || r<<ln>>3 > MaxMemory || p*(r<<ln>>3) > MaxWork {
		return digest{}, costError("ln=%d,r=%d,p=%d", ln, r, p)
	}
	return decoded(scrypt.Decode, field, r<<ln>>3)
}

// decodePBKDF2 takes passlib's form, "29000", and the form of PHC, "i=29000" or
// "i=29000,l=32", whose base64 has a plus where passlib has a dot.
func decodePBKDF2(field []string) (digest, error) {
	if len(field) != 5 {
		return digest{}, errMalformed
	}
	rounds, _, _ := strings.Cut(strings.TrimPrefix(field[2], "i="), ",l=")
	n, ok := number(rounds)
	if !ok {
		return digest{}, errMalformed
	}
	if n < minIterations || n > MaxIterations {
		return digest{}, costError("%d iterations", n)
	}
	dots := strings.NewReplacer("+", ".")
	return decoded(pbkdf2.Decode, []string{"", field[1], rounds, dots.Replace(field[3]), dots.Replace(field[4])}, 0)
}

// decoded hides the cause of a failure: its text may quote the hash.
func decoded(decode algorithm.DecodeFunc, field []string, memory uint64) (digest, error) {
	d, err := decode(strings.Join(field, "$"))
	if err != nil {
		return digest{}, errMalformed
	}
	return digest{d, memory}, nil
}

func costError(format string, a ...any) error {
	return fmt.Errorf("%w: cost out of bounds: "+format, append([]any{ErrUnusable}, a...)...)
}

// numbers reads "k1=1,k2=2" with exactly these keys in this order.
func numbers(s string, keys ...string) ([]uint64, bool) {
	pairs := strings.Split(s, ",")
	if len(pairs) != len(keys) {
		return nil, false
	}
	n := make([]uint64, len(keys))
	for i, pair := range pairs {
		value, found := strings.CutPrefix(pair, keys[i]+"=")
		v, ok := number(value)
		if !found || !ok {
			return nil, false
		}
		n[i] = v
	}
	return n, true
}

func number(s string) (uint64, bool) {
	n, err := strconv.ParseUint(s, 10, 32)
	return n, err == nil
}
