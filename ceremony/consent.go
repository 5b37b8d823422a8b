package ceremony

import (
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Consent is what a person typed before one payload is signed, or all the hash
// bins that were read as one list.
type Consent struct {
	Proposal  metadata.Digest // of the payload that was shown, or of the bins together
	Phrase    string          // "sign root 1"
	Challenge [2]int          // which words were asked for, from 1
	Words     [2]string       // what was typed for them
}

// phrase is what has to be typed in order to sign all of a unit.
func phrase(u *trust.Unit) string { return "sign " + u.Name() }

// Challenge picks which two of a digest's 32 words are to be typed back:
// distinct, ascending, counted from 1.
func Challenge(random io.Reader) ([2]int, error) {
	first, err := rand.Int(random, big.NewInt(32))
	if err != nil {
		return [2]int{}, fmt.Errorf("no randomness: %w", err)
	}
	second, err := rand.Int(random, big.NewInt(31))
	if err != nil {
		return [2]int{}, fmt.Errorf("no randomness: %w", err)
	}
	c := []int{int(first.Int64()) + 1, int(second.Int64()) + 1}
	if c[1] >= c[0] {
		c[1]++ // the second is drawn from the 31 that are left
	}
	slices.Sort(c)
	return [2]int{c[0], c[1]}, nil
}

// checkWords says whether the words typed are those of the digest; case does not matter.
func checkWords(d metadata.Digest, challenge [2]int, typed [2]string) error {
	words := text.Words(d)
	for i, n := range challenge {
		if n < 1 || n > len(words) || (i > 0 && n == challenge[0]) {
			return &ConsentError{"the words that were asked for are not two of the thirty-two"}
		}
		if !strings.EqualFold(strings.TrimSpace(typed[i]), words[n-1]) {
			return &ConsentError{fmt.Sprintf("word %d is not the one that was typed", n)}
		}
	}
	return nil
}

// String is the consent as it stands in the record.
func (t Consent) String() string {
	return fmt.Sprintf("%s; words %d and %d", t.Phrase, t.Challenge[0], t.Challenge[1])
}

// check says whether the phrase was typed, and the words of what was shown.
func (t Consent) check(phrase string) error {
	if t.Phrase != phrase {
		return &ConsentError{fmt.Sprintf("%q was to be typed, and was not", phrase)}
	}
	return checkWords(t.Proposal, t.Challenge, t.Words)
}
