package password

import (
	"cmp"
	"fmt"
)

// The cost of a new hash where Params says nothing: RFC 9106 section 4, second option,
// with one lane (PWD-02).
const (
	DefaultMemory      = 64 << 10 // KiB
	DefaultTime        = 3        // passes
	DefaultParallelism = 1        // lanes
)

// Params are the cost of Argon2id (RFC 9106 section 3.1). A zero field is its default.
type Params struct {
	Memory      uint32 // KiB; 0 is 65536
	Time        uint32 // passes over the memory; 0 is 3
	Parallelism uint8  // lanes; 0 is 1
}

// ParseParams reads "m=19456,t=2,p=1", the form of an encoded hash. All three are needed
// and held to the bounds of Validate.
func ParseParams(s string) (Params, error) {
	n, ok := numbers(s, "m", "t", "p")
	if !ok {
		return Params{}, fmt.Errorf("password: %q is not of the form m=19456,t=2,p=1", s)
	}
	if err := boundArgon2(n[0], n[1], n[2]); err != nil {
		return Params{}, err
	}
	return Params{Memory: uint32(n[0]), Time: uint32(n[1]), Parallelism: uint8(n[2])}, nil //nolint:gosec // bounded above
}

// Validate says whether p lies within what this package would accept from an import: a
// cost beyond it would make hashes that no login could verify.
func (p Params) Validate() error {
	p = p.orDefault()
	return boundArgon2(uint64(p.Memory), uint64(p.Time), uint64(p.Parallelism))
}

// String returns p as ParseParams reads it, defaults filled in.
func (p Params) String() string {
	p = p.orDefault()
	return fmt.Sprintf("m=%d,t=%d,p=%d", p.Memory, p.Time, p.Parallelism)
}

func (p Params) orDefault() Params {
	return Params{
		Memory:      cmp.Or(p.Memory, DefaultMemory),
		Time:        cmp.Or(p.Time, DefaultTime),
		Parallelism: cmp.Or(p.Parallelism, DefaultParallelism),
	}
}
