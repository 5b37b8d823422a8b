package publish

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// chain joins what a bundle brings to what is live. The set it returns has
// neither timestamp nor snapshot yet. What was published stays byte for byte:
// of two files with one payload the live one stands, whatever signatures were
// added since. A bundle that brings new versions of some roles, and quotes others
// from a publication before the live one, goes on from what is live: so the
// holders of one role need not wait for those of another. live may be nil.
func chain(live *metadata.Set, offered *trust.Set) (*metadata.Set, error) {
	next := &metadata.Set{Delegated: maps.Clone(offered.Delegated)}
	if next.Delegated == nil {
		next.Delegated = map[string]*metadata.File{}
	}
	if live == nil {
		next.Roots, next.Targets = offered.Roots, offered.Targets
		return next, verifyChain(next.Roots)
	}
	var err error
	if next.Roots, err = joinRoots(live.Roots, offered); err != nil {
		return nil, err
	}
	if next.Targets, err = successor(head.Targets, live.Targets, quoted(offered, head.Targets, live.Targets, offered.Targets)); err != nil {
		return nil, err
	}
	for role, was := range live.Delegated {
		if next.Delegated[role] == nil && !delegates(next, role) {
			continue // nobody vouches for it any more
		}
		if next.Delegated[role], err = successor(role, was, quoted(offered, role, was, cmp.Or(next.Delegated[role], was))); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// quoted is the live file where the bundle only quotes an older one.
func quoted(offered *trust.Set, role string, was, next *metadata.File) *metadata.File {
	if len(offered.Proposed) > 0 && !offered.Proposed[role] && next.Version < was.Version {
		return was
	}
	return next
}

// delegates says whether a file of the set delegates to role.
func delegates(s *metadata.Set, role string) bool {
	if client.Delegates(s.Targets, role) {
		return true
	}
	for _, f := range s.Delegated {
		if client.Delegates(f, role) {
			return true
		}
	}
	return false
}

func joinRoots(live []*metadata.File, bundle *trust.Set) ([]*metadata.File, error) {
	offered := bundle.Roots
	newest, brought := live[len(live)-1], offered[len(offered)-1]
	if quoted(bundle, head.Root, newest, brought).Version < newest.Version {
		return nil, &RollbackError{head.Root, newest.Version, brought.Version}
	}
	byVersion := map[int64]*metadata.File{}
	for _, r := range offered {
		byVersion[r.Version] = r
	}
	for _, r := range live {
		stands, err := successor(head.Root, r, cmp.Or(byVersion[r.Version], r))
		if err != nil {
			return nil, err
		}
		byVersion[r.Version] = stands
	}
	var joined []*metadata.File
	for _, version := range slices.Sorted(maps.Keys(byVersion)) {
		joined = append(joined, byVersion[version])
	}
	return joined, verifyChain(joined)
}

func verifyChain(roots []*metadata.File) error {
	if err := metadata.VerifyRootChain(roots, time.Time{}); err != nil {
		return &chainError{err}
	}
	return nil
}

// successor is the file that stands after was, where next is offered.
func successor(role string, was, next *metadata.File) (*metadata.File, error) {
	switch {
	case next.Version < was.Version:
		return nil, &RollbackError{role, was.Version, next.Version}
	case next.Version > was.Version:
		return next, nil
	case next.Digest() != was.Digest():
		return nil, &ForkError{role, was.Version, was.Digest(), next.Digest()}
	}
	return was, nil
}

// same says whether next, as chain made it, brings nothing that live lacks.
func same(live, next *metadata.Set) bool {
	return len(live.Roots) == len(next.Roots) && live.Targets == next.Targets && maps.Equal(live.Delegated, next.Delegated)
}
