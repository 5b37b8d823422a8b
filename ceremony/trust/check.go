package trust

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// ExportError: a finished set that clients would not take, or not for long.
// Nothing of it may leave the room; what is not finished may.
type ExportError struct {
	Role    string
	Version int64
	Rule    string // what it breaks, as a sentence goes on: "has 600000 bytes, and clients read at most 512000"
}

func (e *ExportError) Error() string {
	return fmt.Sprintf("%s %d %s: the bundle was not written", text.Safe(e.Role), e.Version, text.Safe(e.Rule))
}

// Code names what happened, for people who look it up: a finished set that clients refuse.
func (*ExportError) Code() string { return "EXPORT-REFUSED" }

// Checked is what the check before an export came to.
type Checked struct {
	Open     []string // what is still missing; then nothing was held against clients
	Verified []string // files that are new in the set: "root 2", "targets 2"
	From     int64    // the oldest root from which go-tuf's client was led to them
	Notes    []string // what clients have to put up with, as sentences
}

// What clients that are known (go-tuf, python-tuf, tuf-js, by their defaults)
// take. Those that bound what is downloaded count for a file whose length
// nobody states; of snapshot and targets the length is always stated, and then
// it is the bound.
const (
	maxRootBytes     = 512_000
	maxSnapshotBytes = 2_000_000
	maxTargetsBytes  = 5_000_000
	maxRoots         = 256 // followed in one run
	maxVisited       = 32  // delegated roles, in the search for one target
)

// CheckContents holds what c comes to against the rules of clients, at the
// time at and for margin longer. It returns an *ExportError where a finished
// set breaks one.
func CheckContents(c Contents, at time.Time, margin time.Duration) (Checked, error) {
	k, err := KnownOf(c)
	if err != nil {
		return Checked{}, err
	}
	if open := k.open(); len(open) > 0 {
		return Checked{Open: open}, nil
	}
	set, err := k.Set()
	if err != nil {
		return Checked{}, err
	}
	if _, open := set.delegated(); len(open) > 0 {
		return Checked{Open: open}, nil
	}
	return checkSet(set, k.Published, at.Add(margin))
}

// open says what keeps the proposals from being finished.
func (k Known) open() []string {
	var open []string
	for _, p := range inOrder(k.Proposals) {
		if err := k.unfinished(p); err != nil {
			open = append(open, text.Safe(err.Error()))
		}
	}
	return open
}

// delegated lists what targets leads to, a parent before its children: each
// role under each that delegates to it. missing says what is not here.
func (set *Set) delegated() (edges []edge, missing []string) {
	if set.Targets == nil {
		return nil, nil
	}
	roles, seen := slices.Sorted(maps.Keys(set.Delegated)), map[string]bool{}
	for queue := []RoleFile{{"targets", set.Targets}}; len(queue) > 0; queue = queue[1:] {
		parent := queue[0]
		bins := 0
		for _, role := range delegates(parent.File.Signed, roles) {
			child := RoleFile{role, set.Delegated[role]}
			if child.File == nil {
				missing = append(missing, fmt.Sprintf("%s is delegated by %s %d, and no version of it is here", text.Safe(role), text.Safe(parent.Role), parent.File.Version))
				continue
			}
			bins++
			edges = append(edges, edge{parent, child})
			if !seen[role] {
				seen[role], queue = true, append(queue, child)
			}
		}
		if del := parent.File.Targets.Delegations; del != nil && del.Succinct != nil && bins < 1<<del.Succinct.BitLength {
			missing = append(missing, fmt.Sprintf("%d of the %d bins of %s %d are here", bins, 1<<del.Succinct.BitLength, text.Safe(parent.Role), parent.File.Version))
		}
	}
	return edges, missing
}

// edge is one delegation of a set.
type edge struct{ parent, child RoleFile }

// Check holds a set of which nothing is published yet against the rules of
// clients, until the time until: an *ExportError says which it breaks.
func (set *Set) Check(until time.Time) (Checked, error) { return checkSet(set, nil, until) }

// checkSet holds a finished set against the rules of clients, until the time
// until. What is published already is as it is: of its oddities clients are
// told of, but they refuse nothing.
func checkSet(set *Set, published []RoleFile, until time.Time) (Checked, error) {
	s := newChecking(set, published, until)
	for _, step := range []func() error{s.strictly, s.chain, s.signatures, s.sizes, s.visits, s.expiry, s.asGoTUF} {
		if err := step(); err != nil {
			return s.out, err
		}
	}
	return s.out, nil
}

func newChecking(set *Set, published []RoleFile, until time.Time) *checking {
	s := &checking{set: set, published: published, until: until}
	s.edges, _ = set.delegated()
	s.parents = map[string][]*metadata.Signed{"targets": {s.newestRoot().Signed}}
	for _, e := range s.edges {
		s.parents[e.child.Role] = append(s.parents[e.child.Role], e.parent.File.Signed)
	}
	return s
}

// checking is the check of one set.
type checking struct {
	set       *Set
	edges     []edge
	parents   map[string][]*metadata.Signed // who says who signs a role
	published []RoleFile
	until     time.Time
	out       Checked
}

// bodies are all files of the set: roots, targets, delegated roles by name.
func (s *checking) bodies() []RoleFile {
	var all []RoleFile
	for _, r := range s.set.Roots {
		all = append(all, RoleFile{"root", r})
	}
	return append(all, s.top()...)
}

// top are the files below root.
func (s *checking) top() []RoleFile {
	var all []RoleFile
	if s.set.Targets != nil {
		all = append(all, RoleFile{"targets", s.set.Targets})
	}
	for _, role := range slices.Sorted(maps.Keys(s.set.Delegated)) {
		all = append(all, RoleFile{role, s.set.Delegated[role]})
	}
	return all
}

func (s *checking) newestRoot() *metadata.File { return s.set.Roots[len(s.set.Roots)-1] }

// isNew says whether b was made by this ceremony: it is not published yet.
func (s *checking) isNew(b RoleFile) bool {
	return !slices.ContainsFunc(s.published, func(p RoleFile) bool {
		return p.Role == b.Role && p.File.Digest() == b.File.Digest()
	})
}

func (b RoleFile) refuse(format string, args ...any) error {
	return &ExportError{Role: b.Role, Version: b.File.Version, Rule: fmt.Sprintf(format, args...)}
}

// strictly reads new files as strict clients do: keyids that are their keys'
// hashes, no signature that is empty or stands there twice, sha256 and sha512 and
// nothing else, names that are safe.
func (s *checking) strictly() error {
	for _, b := range s.bodies() {
		if !s.isNew(b) {
			continue
		}
		if _, err := metadata.ParseFile(b.File.Bytes, metadata.Strict); err != nil {
			return b.refuse("is no strict metadata: %v", err)
		}
		s.out.Verified = append(s.out.Verified, fmt.Sprintf("%s %d", text.Safe(b.Role), b.File.Version))
	}
	return nil
}

// chain verifies what signs what, without a clock.
func (s *checking) chain() error {
	if err := metadata.VerifyRootChain(s.set.Roots, time.Time{}); err != nil {
		return RoleFile{"root", s.newestRoot()}.refuse("does not chain: %v", err)
	}
	for _, b := range s.top() {
		for _, parent := range s.parents[b.Role] {
			if _, err := metadata.VerifyFile(parent, b.Role, b.File); err != nil {
				return b.refuse("does not verify: %v", err)
			}
		}
	}
	return nil
}

// signatures refuses a new file with a signature that nobody counts: some
// clients reject the file for it.
func (s *checking) signatures() error {
	for i, r := range s.set.Roots {
		by := []*metadata.Signed{r.Signed}
		if i > 0 {
			by = append(by, s.set.Roots[i-1].Signed)
		}
		if err := s.allCount(RoleFile{"root", r}, by...); err != nil {
			return err
		}
	}
	for _, b := range s.top() {
		if err := s.allCount(b, s.parents[b.Role]...); err != nil {
			return err
		}
	}
	return nil
}

func (s *checking) allCount(b RoleFile, by ...*metadata.Signed) error {
	if !s.isNew(b) {
		return nil
	}
	var counted []metadata.Signature
	for _, parent := range by {
		count, err := metadata.VerifyFile(parent, b.Role, b.File)
		if err != nil {
			return b.refuse("does not verify: %v", err)
		}
		counted = append(counted, count.Signatures...)
	}
	for _, sig := range b.File.Signatures {
		if !slices.Contains(counted, sig) {
			return b.refuse("has a signature by key %.8s that does not count", text.Safe(sig.KeyID))
		}
	}
	return nil
}

func (s *checking) sizes() error {
	if n := len(s.set.Roots); n > maxRoots {
		return RoleFile{"root", s.newestRoot()}.refuse("is the %dth of the chain, and clients follow at most %d", n, maxRoots)
	}
	for _, b := range s.bodies() {
		switch size := len(b.File.Bytes); {
		case b.Role == "root" && size > maxRootBytes && s.isNew(b):
			return b.refuse("has %d bytes, and clients read at most %d", size, maxRootBytes)
		case b.Role != "root" && size > maxTargetsBytes:
			s.note("%s %d has %d bytes, more than the %d that clients read of a file of unknown length: the snapshot has to state its length, as it does here.",
				text.Safe(b.Role), b.File.Version, size, maxTargetsBytes)
		}
	}
	return nil
}

func (s *checking) note(format string, args ...any) {
	s.out.Notes = append(s.out.Notes, fmt.Sprintf(format, args...))
}

// expiry asks of the newest files that they are good until a while after.
func (s *checking) expiry() error {
	for _, b := range append([]RoleFile{{"root", s.newestRoot()}}, s.top()...) {
		if !s.until.Before(b.File.Expires) {
			return b.refuse("expires on %s UTC, and has to be good until %s UTC at the least", text.Stamp(b.File.Expires), text.Stamp(s.until))
		}
	}
	return nil
}
