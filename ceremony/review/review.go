package review

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Review is what a payload does, in words, read back out of its frozen bytes.
// All its strings are safe to print. Version, Changes and Warnings leave out
// nothing: payloads that differ have reviews that differ.
type Review struct {
	Trust    string
	Role     string
	Version  int64
	Holder   string
	Reason   string
	Digest   metadata.Digest // of the payload: what is read aloud, and what the token signs
	Words    [32]string      // Digest in PGP words
	Size     int             // of the payload, in bytes
	Expires  time.Time
	Days     int // whole days from now to Expires
	First    bool
	Changes  []Change     // those of targets last, by path
	Warnings []string     // sentences
	After    trust.Quorum // with Holder's signature
	Phrase   string       // what is typed to consent: "sign root 1"
	Payloads int          // how many hash bins the consent covers, each signed by itself; 0: it is one payload
}

// Change is one line of a review, before -> after.
type Change struct {
	Field  string // "root: threshold", "team: Ada"
	Before string // "" did not exist
	After  string // "" is gone
	Note   string // in words, where it matters: "fewer signatures are needed than before"
	Path   string // of the target that it is about; "" for all else
}

// View is what a review takes from outside of the payload: when it is read, and
// what is known of the tokens.
type View struct {
	Now      time.Time
	Hardware func(keyid string, key metadata.Key) Hardware
}

// Hardware is what an attestation says of a key.
type Hardware struct {
	Text   string // "hardware-born, touch always", or why nothing is known
	Serial string // of the token; "" not known
}

// Changes is everything in which two versions differ but for their numbers;
// before is nil for none.
func (v View) Changes(before, after *metadata.Signed) []Change {
	list := differences(v.facts(before), v.facts(after))
	return append(list, targetChanges(before, after, likePaths(before, after))...)
}

// Warnings are what a hurried reader would miss; before is nil for none.
func Warnings(before, after *metadata.Signed) []string {
	return append(oddWarnings(before, after), keyWarnings(after)...)
}

// oddWarnings are those that hash bins can have too.
func oddWarnings(before, after *metadata.Signed) []string {
	var list []string
	for _, u := range after.Unknown {
		list = append(list, fmt.Sprintf("There is a field that neither TUF nor this program knows: %s.", unknownPath(u)))
	}
	for _, f := range after.Findings {
		list = append(list, text.Safe(f.Text))
	}
	list = append(list, oddities(before)...)
	still := rolesIn(after)
	for _, role := range rolesIn(before) {
		if _, there := slices.BinarySearch(still, role); !there {
			list = append(list, fmt.Sprintf("Nothing is delegated to %s any more: clients find none of its targets.", exact(role)))
		}
	}
	return append(list, lookAlikeWarnings(before, after)...)
}

// oddities are what was found in the adopted version before, one line a kind.
func oddities(before *metadata.Signed) []string {
	if before == nil {
		return nil
	}
	count := map[string]int{}
	first := map[string]string{}
	for _, f := range before.Findings {
		if count[f.Code]++; count[f.Code] == 1 {
			first[f.Code] = f.Text
		}
	}
	var list []string
	for _, code := range slices.Sorted(maps.Keys(count)) {
		s := fmt.Sprintf("In the version before (%s): %s", code, text.Safe(first[code]))
		if n := count[code]; n > 1 {
			s += fmt.Sprintf(", and %d more like it", n-1)
		}
		list = append(list, s+".")
	}
	return list
}

// keyWarnings speak of a root that one lost token would make Unrotatable.
func keyWarnings(s *metadata.Signed) []string {
	if s.Root == nil {
		return nil
	}
	if who := s.Root.Roles["root"]; who.Threshold < len(who.KeyIDs) {
		return nil
	}
	return []string{trust.Unrotatable}
}
