package trust

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// CheckNext holds what is about to be frozen, over a complete set, against the
// rules by which CheckContents lets it out later, as far as they do not wait for
// its signatures: every file below that stays as it is has to stand, sizes are
// counted with all signatures that there may be, and it has to be good until the
// time until. The *ExportError says what would be refused once all have signed.
func (set *Set) CheckNext(made []*Payload, until time.Time) error {
	next := *set
	next.Roots, next.Delegated = slices.Clone(set.Roots), maps.Clone(set.Delegated)
	if next.Delegated == nil {
		next.Delegated = map[string]*metadata.File{}
	}
	var published []RoleFile // what stays as it is
	for _, r := range set.Roots {
		published = append(published, RoleFile{"root", r})
	}
	for _, p := range made {
		file, err := p.signedByAll()
		if err != nil {
			return err
		}
		switch p.Role {
		case "root":
			next.Roots = append(next.Roots, file)
		case "targets":
			next.Targets = file
		default:
			next.Delegated[p.Role] = file
		}
	}
	if len(next.Roots) == 0 {
		return nil // targets alone, of a founding whose root is to come
	}
	s := newChecking(&next, nil, until)
	isMade := func(b RoleFile) bool {
		return slices.ContainsFunc(made, func(p *Payload) bool { return p.Role == b.Role && p.Version == b.File.Version })
	}
	for _, b := range s.top() {
		if !isMade(b) {
			published = append(published, b)
		}
	}
	s.published = published
	for _, step := range []func() error{s.standing, s.sizes, s.visits, s.expiry} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// standing verifies what stays as it is under what is new.
func (s *checking) standing() error {
	for _, b := range s.top() {
		if s.isNew(b) {
			continue
		}
		for _, parent := range s.parents[b.Role] {
			if _, err := metadata.VerifyFile(parent, b.Role, b.File); err != nil {
				return b.refuse("would not verify any more: %v", err)
			}
		}
	}
	return nil
}

// signedByAll is the payload as large as it may become: a root with a signature
// in the place of each that may be given.
func (p *Payload) signedByAll() (*metadata.File, error) {
	const longest = 72 // bytes of an ECDSA signature with P-256, the most that tokens give
	var sigs []metadata.Signature
	if p.Body.Root != nil {
		for id := range p.Body.Root.Keys {
			sigs = append(sigs, metadata.Signature{KeyID: id, Sig: strings.Repeat("00", longest)})
		}
	}
	return metadata.ParseFile(metadata.Assemble(p.Signed, sigs), metadata.Strict)
}
