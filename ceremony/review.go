package ceremony

import (
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Review is what a payload does, in words, read back out of its frozen bytes.
// All its strings are safe to print.
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
	Changes  []Change
	Warnings []string // sentences
	After    Quorum   // with Holder's signature
	Phrase   string   // what is typed to consent: "sign root 1"
}

// Change is one line of a review, before -> after.
type Change struct {
	Field  string // "root: threshold", "key of Ada"
	Before string // "" did not exist
	After  string // "" is gone
	Note   string // in words, where it matters: "fewer signatures are needed than before"
}

// Review reads a frozen payload back and says what it does, and what the
// signature of holder would complete. It refuses what nobody should sign now
// (*ConflictError, *ClockError, *metadata.ExpiredError).
func (c *Ceremony) Review(id metadata.Digest, holder Holder) (Review, error) {
	p := c.state.proposal(id)
	if p == nil {
		return Review{}, ErrNotNow
	}
	if err := c.signable(p); err != nil {
		return Review{}, err
	}
	known := c.state.known()
	after, err := known.quorumWith(p, c.state.signaturesOf(p.id), holder.KeyID)
	if err != nil {
		return Review{}, err
	}
	// The bytes are read again: what is shown comes from what will be signed.
	body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
	if err != nil {
		return Review{}, err
	}
	r := Review{
		Trust: Safe(p.Trust), Role: Safe(p.Role), Version: p.Version, Holder: Safe(holder.Name), Reason: Safe(p.Reason),
		Digest: body.Digest(), Words: Words(body.Digest()), Size: len(body.Payload),
		Expires: body.Expires, Days: int(body.Expires.Sub(c.now()) / day),
		After: after, Phrase: Phrase(p.Role, p.Version),
	}
	base := known.base(p)
	r.First = base == nil
	r.Changes = changes(c.facts(base), c.facts(body))
	r.Warnings = append(warnings(base, body), c.keyWarnings(body)...)
	return r, nil
}

// changes pairs the facts of two versions by what they speak of.
func changes(before, after []fact) []Change {
	var list []Change
	old := map[string]fact{}
	for _, f := range before {
		old[f.field] = f
	}
	for _, f := range after {
		b, was := old[f.field]
		delete(old, f.field)
		if was && b.value == f.value {
			continue
		}
		ch := Change{Field: f.field, Before: b.value, After: f.value}
		if was && f.compare != nil {
			ch.Note = f.compare(b)
		}
		list = append(list, ch)
	}
	for _, f := range before {
		if _, gone := old[f.field]; gone {
			list = append(list, Change{Field: f.field, Before: f.value, Note: "removed"})
		}
	}
	return list
}

// warnings are what a hurried reader would miss.
func warnings(before, after *metadata.Signed) []string {
	var list []string
	for _, path := range after.Unknown {
		list = append(list, fmt.Sprintf("There is a field that neither TUF nor this program knows: %s.", Safe(path)))
	}
	for _, f := range after.Findings {
		list = append(list, Safe(f.Text))
	}
	list = append(list, oddities(before)...)
	seen := map[string]string{}
	names := namesIn(after)
	if before != nil {
		names = append(namesIn(before), names...)
	}
	for _, n := range names {
		look := skeleton(n)
		if other, ok := seen[look]; ok && other != n {
			list = append(list, fmt.Sprintf("%q looks like %q and is another name.", Safe(n), Safe(other)))
			continue
		}
		seen[look] = n
	}
	return list
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
	for _, code := range sortedKeys(count) {
		s := fmt.Sprintf("In the version before (%s): %s", code, Safe(first[code]))
		if n := count[code]; n > 1 {
			s += fmt.Sprintf(", and %d more like it", n-1)
		}
		list = append(list, s+".")
	}
	return list
}

// namesIn lists the names of holders, roles and paths, sorted.
func namesIn(s *metadata.Signed) []string {
	var names []string
	if s.Conclave != nil {
		for _, n := range s.Conclave.Holders {
			names = append(names, n)
		}
	}
	if t := s.Targets; t != nil {
		for path := range t.Targets {
			names = append(names, path)
		}
		if t.Delegations != nil {
			for _, d := range t.Delegations.Roles {
				names = append(names, d.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// keyWarnings speak of roles that one lost token would make unrotatable.
func (c *Ceremony) keyWarnings(s *metadata.Signed) []string {
	if s.Root == nil {
		return nil
	}
	var list []string
	for _, role := range []string{"root", "targets"} {
		who := s.Root.Roles[role]
		if who.Threshold == len(who.KeyIDs) && role == "root" {
			list = append(list, "Every root key is needed to change the root: with one token lost it can never be changed again.")
		}
	}
	return list
}
