package metadata

import (
	"crypto"
	"encoding/hex"
	"fmt"
	"slices"
)

// Count is the verdict of a threshold check.
type Count struct {
	Threshold  int
	Valid      []string          // keyids with a valid signature, one for each distinct key, sorted
	Rejected   map[string]string // keyid -> why its signature does not count
	Signatures []Signature       // the one that counted for each of Valid, in the same order
}

// Met says whether enough distinct keys signed. A threshold below 1 is never met.
func (c Count) Met() bool { return c.Threshold >= 1 && len(c.Valid) >= c.Threshold }

// maxTried bounds how many bytes of different signatures by one keyid are tried,
// so that junk costs a tenth of a second and can't hide a good one behind it. More
// than one signature is rare: a signer who signed twice.
const maxTried = 64 << 10

// Quorum counts the distinct keys of who that signed payload (TUF 1.0,
// 4.3, "threshold"). A key has one vote, under whatever keyids and key
// types it is listed; of several signatures by one keyid one must be valid.
// The order of sigs makes no difference.
func Quorum(who RoleKeys, keys map[string]Key, payload []byte, sigs []Signature) Count {
	c := Count{Threshold: who.Threshold, Valid: []string{}, Rejected: map[string]string{}}
	sorted := slices.Clone(sigs)
	slices.SortFunc(sorted, compareSignatures)
	sorted = slices.Compact(sorted)

	holders := make(map[string]bool, len(who.KeyIDs))
	for _, id := range who.KeyIDs {
		holders[id] = true
	}
	voted := map[Digest]string{} // public key -> the keyid that it voted under
	for len(sorted) > 0 {
		id := sorted[0].KeyID
		end := slices.IndexFunc(sorted, func(s Signature) bool { return s.KeyID != id })
		if end < 0 {
			end = len(sorted)
		}
		mine := sorted[:end]
		sorted = sorted[end:]

		key, ok := keys[id]
		if !holders[id] || !ok {
			c.Rejected[id] = "its key is none of the role's"
			continue
		}
		pub, err := key.PublicKey()
		if err != nil {
			c.Rejected[id] = err.Error()
			continue
		}
		print, err := fingerprint(pub)
		if err != nil {
			c.Rejected[id] = err.Error()
			continue
		}
		valid, why := firstValid(pub, key.Scheme, payload, mine)
		if other, twice := voted[print]; twice {
			why = fmt.Sprintf("it is the same public key as %s, which counted already", printable(other))
		}
		if why != "" {
			c.Rejected[id] = why
			continue
		}
		voted[print] = id
		c.Valid = append(c.Valid, id)
		c.Signatures = append(c.Signatures, valid)
	}
	return c
}

// firstValid is the first of sigs that is valid, or why there is none.
func firstValid(pub crypto.PublicKey, scheme string, payload []byte, sigs []Signature) (valid Signature, why string) {
	tried := 0
	for i, s := range sigs {
		if tried += len(s.Sig); tried > maxTried {
			return Signature{}, fmt.Sprintf("none of the first %d of its %d signatures is valid", i, len(sigs))
		}
		if s.Sig == "" {
			why = "its signature is empty"
			continue
		}
		sig, err := hex.DecodeString(s.Sig)
		if err != nil {
			why = "its signature is not written in hex"
			continue
		}
		if err = verify(pub, scheme, payload, sig); err == nil {
			return s, ""
		}
		why = err.Error()
	}
	return Signature{}, why
}
