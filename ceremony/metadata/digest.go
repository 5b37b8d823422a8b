package metadata

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Digest is a SHA-256: of a payload, a file, a blob or a public key.
type Digest [sha256.Size]byte

// Sum is the digest of b.
func Sum(b []byte) Digest { return sha256.Sum256(b) }

// ParseDigest reads "sha256:<64 hex>" or "<64 hex>", in lower case only: a
// digest that is written in two ways can't be compared by eye.
func ParseDigest(s string) (Digest, error) {
	digits := strings.TrimPrefix(s, "sha256:")
	var d Digest
	if len(digits) != hex.EncodedLen(len(d)) || !isHex(digits) {
		return Digest{}, fmt.Errorf("not a SHA-256 digest: %s: it must have 64 lower-case hex digits", printable(s))
	}
	_, err := hex.Decode(d[:], []byte(digits))
	return d, err
}

// String is 64 hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// OCI is the digest as an OCI descriptor has it: sha256:<64 hex>.
func (d Digest) OCI() string { return "sha256:" + d.String() }

// IsZero says whether d is the zero Digest, which stands where there is none.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText gives 64 hex digits, and nothing for the zero digest.
func (d Digest) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return []byte{}, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads what ParseDigest reads; no text is the zero digest.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*d = Digest{}
		return nil
	}
	parsed, err := ParseDigest(string(b))
	if err == nil {
		*d = parsed
	}
	return err
}

// isHex says whether s is an even number of lower-case hex digits, at least two.
func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) > 0 && len(s)%2 == 0
}
