package password_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/password"
)

const phrase = "correct horse battery staple"

// Made with passlib 1.7.4 (bcrypt, argon2-cffi) from phrase.
const (
	argon2i2   = "$argon2i$v=19$m=64,t=2,p=2$c29tZXNhbHRzb21lc2FsdA$TEqvdVBqY6G1IaC/SDqpXxDrr1BMbbGBdeRAalBZnHA"
	argon2d2   = "$argon2d$v=19$m=64,t=2,p=2$c29tZXNhbHRzb21lc2FsdA$Q9lE+pm0At1HNwbaUTiUTe2xAzTutXw3RLShA5QJZBQ"
	argon2id2  = "$argon2id$v=19$m=64,t=2,p=2$c29tZXNhbHRzb21lc2FsdA$bXdeq3skmiiNJHtjgynxq2+Nfhd02Ek+Vfo/7nqYyiE"
	bcrypt2b   = "$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"
	scrypt4    = "$scrypt$ln=4,r=8,p=1$c29tZXNhbHQ$5zZ2iqPcWm8QnYTpurmP4bi5kTbnK69b9qe+VQePi80"
	pbkdf2     = "$pbkdf2$1000$c29tZXNhbHRzb21lc2FsdA$xiyANeGLsyMSyaOnlmzZPFiWnFc"
	pbkdf2s256 = "$pbkdf2-sha256$1000$c29tZXNhbHRzb21lc2FsdA$SCjY7SSTd.1t0YRKbVoolytKt.BeFjwwXJESGnfk9yY"
	pbkdf2s512 = "$pbkdf2-sha512$1000$c29tZXNhbHRzb21lc2FsdA$y1EmqmYYnTHUB.UALeZkA05jv7uV9/8fYP8tgPRwi9WSfmXwaBYgL/rnxeonBOso/iB8LFUMKKjeSyCxg7t8XA"
)

func raw64(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

// What other systems made is verified, bcrypt among it, and asks to be made anew (PWD-03).
func TestImportedHashesVerify(t *testing.T) {
	phc := func(cost string) string {
		return strings.ReplaceAll(strings.Replace(pbkdf2s256, "$1000$", cost, 1), ".", "+")
	}
	for _, c := range []struct{ name, encoded, pw string }{
		{"argon2i", argon2i2, phrase},
		{"argon2d", argon2d2, phrase},
		{"argon2id", argon2id2, phrase},
		// The vectors of RFC 9106 section 5 need a secret and data that no encoded hash
		// has; these two are of the reference implementation's test.c.
		{"reference argon2id", "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4", "password"},
		{"reference argon2i", "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8", "password"},
		{"bcrypt 2a", strings.Replace(bcrypt2b, "2b", "2a", 1), phrase},
		{"bcrypt 2b", bcrypt2b, phrase},
		{"bcrypt 2y", strings.Replace(bcrypt2b, "2b", "2y", 1), phrase},
		{"bcrypt cuts after 72 bytes", "$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe", strings.Repeat("a", 80)},
		{"scrypt", scrypt4, phrase},
		{"scrypt of RFC 7914 section 12", "$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA", "password"},
		{"pbkdf2", pbkdf2, phrase},
		{"pbkdf2-sha256", pbkdf2s256, phrase},
		{"pbkdf2-sha512", pbkdf2s512, phrase},
		{"pbkdf2 of PHC", phc("$i=1000$"), phrase},
		{"pbkdf2 of PHC with its length", phc("$i=1000,l=32$"), phrase},
	} {
		h := password.Hasher{Params: cheap}
		if err := password.Importable(c.encoded); err != nil {
			t.Errorf("%s: importable: %v", c.name, err)
		}
		if rehash, err := h.Verify(t.Context(), c.encoded, c.pw); err != nil || !rehash {
			t.Errorf("%s: rehash %v, err %v", c.name, rehash, err)
		}
		if _, err := h.Verify(t.Context(), c.encoded, "x"+c.pw); !errors.Is(err, password.ErrMismatch) {
			t.Errorf("%s: wrong password: %v", c.name, err)
		}
	}
}

// Threat: an import that carries a cost which eats the machine, or a key which any
// password meets. Nothing may be computed.
func TestHostileHashesAreRefused(t *testing.T) {
	salt, key := raw64([]byte("somesalt")), raw64(make([]byte, 32))
	argon := func(cost string) string { return "$argon2id$v=19$" + cost + "$" + salt + "$" + key }
	rest := "$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG"
	for _, encoded := range []string{
		argon("m=4294967295,t=1,p=1"),
		argon("m=262145,t=1,p=1"),
		argon("m=65536,t=17,p=1"),
		argon("m=8,t=4294967295,p=1"),
		argon("m=65536,t=1,p=17"),
		argon("m=15,t=1,p=2"),
		argon("m=65536,t=0,p=1"),
		argon("m=65536,t=1,p=0"),
		argon("m=65536,t=1"),
		argon("m=65536,t=1,p=1,m=4294967295"),
		argon("m=18446744073709551616,t=1,p=1"),
		argon("m=-1,t=1,p=1"),
		strings.Replace(argon("m=8,t=1,p=1"), "v=19", "v=16", 1),
		"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$",
		"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + raw64(make([]byte, 15)),
		"$argon2id$v=19$m=8,t=1,p=1$" + raw64(make([]byte, 3)) + "$" + key,
		"$argon2id$v=19$m=8,t=1,p=1$" + salt + "$" + raw64(make([]byte, password.MaxEncoded)),
		"$2b$16" + rest, "$2b$03" + rest, "$2b$99" + rest, "$2x$04" + rest, "$2b$04" + rest[:40],
		"$scrypt$ln=21,r=8,p=1$" + salt + "$" + key,
		"$scrypt$ln=18,r=9,p=1$" + salt + "$" + key,
		"$scrypt$ln=18,r=8,p=5$" + salt + "$" + key,
		"$scrypt$ln=63,r=1,p=1$" + salt + "$" + key,
		"$scrypt$ln=1,r=1073741824,p=1$" + salt + "$" + key,
		"$scrypt$ln=0,r=8,p=1$" + salt + "$" + key,
		"$pbkdf2-sha256$2000001$" + salt + "$" + key,
		"$pbkdf2-sha256$999$" + salt + "$" + key,
		"$pbkdf2-sha256$i=4294967296$" + salt + "$" + key,
	} {
		refused(t, encoded)
	}
}

// PWD-04.
func TestFastHashesAreRefused(t *testing.T) {
	for _, encoded := range []string{
		"5f4dcc3b5aa765d61d8327deb882cf99",
		"$1$U60.R6s4$hOHhag5cy19YYC2u7OQ1d1",
		"$sha1$480000$abcdefgh$abcdefghijklmnopqrstuvwxyz01",
		"$5$rounds=1000$an4NK5qBjK13Yavn$RmBQyl5DMxUXLUEYhdmcIaWt0VGA1MJUwNL4ILXpTz0",
		"$6$rounds=1000$VeDZR9UvyaUwhRcR$NIxAPrFTDdC7LhdMiN.geeWbqJgaRy6Sy/5ojLslwBTC5uPAtc9pD6KvjBUssxxy.FGIbupTgOjxhuzJmumb9.",
		"{SSHA}MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=",
		"$plaintext$correct horse battery staple",
		"correct horse battery staple",
	} {
		refused(t, encoded)
	}
}

func refused(t *testing.T, encoded string) {
	t.Helper()
	h := password.Hasher{Params: cheap}
	if err := password.Importable(encoded); !errors.Is(err, password.ErrUnusable) {
		t.Errorf("%q is importable: %v", encoded, err)
	}
	_, err := h.Verify(t.Context(), encoded, phrase)
	if !errors.Is(err, password.ErrUnusable) || h.Hashes() != 0 {
		t.Errorf("%q: %v after %d hashes", encoded, err, h.Hashes())
	}
	if last := encoded[strings.LastIndexByte(encoded, '$')+1:]; err != nil && last != "" && strings.Contains(err.Error(), last) {
		t.Errorf("%q is quoted by the error %q", encoded, err)
	}
}

func TestImportableRefusesNobody(t *testing.T) {
	if err := password.Importable(""); !errors.Is(err, password.ErrUnusable) {
		t.Errorf("an empty hash is importable: %v", err)
	}
}

// FuzzVerifyEncoded proves that no text makes the decoder panic or pass its bounds.
func FuzzVerifyEncoded(f *testing.F) {
	for _, seed := range []string{argon2i2, argon2d2, argon2id2, bcrypt2b, scrypt4, pbkdf2, pbkdf2s256, pbkdf2s512, "", "$$$$$", "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$AA"} {
		f.Add(seed)
	}
	h := password.Hasher{Params: cheap}
	f.Fuzz(func(t *testing.T, encoded string) {
		memory, length, err := password.Needs(encoded)
		if err == nil && (memory > password.MaxMemory || length > password.MaxEncoded) {
			t.Fatalf("%q needs %d KiB and %d bytes", encoded, memory, length)
		}
		if err != nil && !errors.Is(err, password.ErrUnusable) {
			t.Fatalf("%q: %v", encoded, err)
		}
		if memory > 1<<10 {
			return // bearable, but too slow to do thousands of times
		}
		if _, err := h.Verify(t.Context(), encoded, "never the password"); err == nil {
			t.Fatalf("%q matches", encoded)
		}
	})
}
