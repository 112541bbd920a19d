package jose

import "math/big"

// smooth are the odd primes that divide the generator of every ROCA key.
var smooth = []int64{
	3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71,
	73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
}

// factorable reports whether n has the mark of CVE-2017-15361 (ROCA): a key made by a
// faulty smart card, whose private part can be computed from n. Its modulus is a power
// of 65537 modulo every small prime, which a sound one is by chance once in 2^27.
func factorable(n *big.Int) bool {
	for _, p := range smooth {
		residue := new(big.Int).Mod(n, big.NewInt(p)).Int64()
		if !power(residue, p) {
			return false
		}
	}
	return true
}

// power reports whether residue is a power of 65537 modulo p.
func power(residue, p int64) bool {
	generator := int64(exponent) % p
	for x := generator; ; x = x * generator % p {
		if x == residue {
			return true
		}
		if x == 1 {
			return false
		}
	}
}
