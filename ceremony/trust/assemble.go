package trust

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Set is what the offline roles of a bundle come to: ready to publish
// but for snapshot and timestamp.
type Set struct {
	Trust     string
	Roots     []*metadata.File          // ascending from the oldest kept
	Targets   *metadata.File            // nil where a site knows only roots
	Delegated map[string]*metadata.File // by role
	// Proposed are the roles of which the bundle brings a new version. What it
	// holds of others is quoted from what was published when it was made.
	Proposed map[string]bool
	Founding bool // nothing of it was published when the bundle was made: it begins a trust with root 1
	// Published is what clients may hold of it: the published set that the bundle
	// quotes, of which any file but a root may be missing; nil where it quotes none.
	Published *metadata.Set
}

// Assemble joins what a bundle holds: the published set, and on top of it each
// proposal that has its quorum. It returns *UnverifiedError where the
// published set does not verify, *IncompleteError where a quorum is
// missing and *ConflictError where two payloads claim one version. A version
// that is published already stays as it is: a later signature does not get in.
// A delegated role that nobody delegates to any more is left out.
func Assemble(c Contents) (*Set, error) {
	k, err := KnownOf(c)
	if err != nil {
		return nil, err
	}
	if err := k.Verified(); err != nil {
		return nil, err
	}
	for _, p := range k.Proposals {
		if err := k.unfinished(p); err != nil {
			return nil, err
		}
	}
	set, err := k.Set()
	if err == nil && set.Targets == nil {
		err = fmt.Errorf("the bundle holds no targets that could be published")
	}
	return set, err
}

// Verdict is the one answer to what a bundle is worth at a time: nil where it can
// be published and is not expired, else *UnverifiedError, *ConflictError,
// *IncompleteError, or *metadata.ExpiredError.
func Verdict(c Contents, at time.Time) error {
	set, err := Assemble(c)
	if err != nil {
		return err
	}
	newest := map[string]*metadata.File{"root": set.Roots[len(set.Roots)-1], "targets": set.Targets}
	maps.Copy(newest, set.Delegated)
	for _, role := range slices.Sorted(maps.Keys(newest)) {
		if f := newest[role]; !f.Expires.After(at) {
			return &metadata.ExpiredError{Role: role, Version: f.Version, Expires: f.Expires, At: at}
		}
	}
	return nil
}

// Verified says why the published set is not to be believed: *UnverifiedError. It
// has to follow from what the same bundle proposes, where a root of that has all
// its signatures: else it is a stranger's set that stands over our roots.
func (k Known) Verified() error {
	if len(k.Published) == 0 {
		return nil
	}
	err := CheckPublished(k.Published)
	if err == nil {
		proposed := NewKnown(k.trust, nil, k.Proposals, k.signatures)
		err = proposed.followsFrom(proposed.stand(true).line("root").tip(), k.Published)
	}
	if err != nil {
		return &UnverifiedError{err}
	}
	return nil
}

// unfinished says what keeps a proposal from being published: *ConflictError,
// *IncompleteError; nil where it can be, is already, or never will be.
func (k Known) unfinished(p *Payload) error {
	if k.isPublished(p) || !k.Due(p) || k.place(p) == detached {
		return nil // what builds on nothing that is here stands nowhere, and holds nothing up
	}
	if err := k.conflict(p); err != nil {
		return err
	}
	q, err := k.quorum(p)
	if err == nil && !q.Met() {
		err = &IncompleteError{q}
	}
	return err
}

// inOrder sorts roots first, then targets, then the rest; each by version.
func inOrder(proposals []*Payload) []*Payload {
	rank := func(p *Payload) int {
		switch p.Role {
		case "root":
			return 0
		case "targets":
			return 1
		}
		return 2
	}
	return slices.SortedStableFunc(slices.Values(proposals), func(a, b *Payload) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Version, b.Version))
	})
}

// byProposal sorts signatures by what they sign.
func byProposal(all []ProposalSignature) map[metadata.Digest][]metadata.Signature {
	signatures := map[metadata.Digest][]metadata.Signature{}
	for _, s := range all {
		signatures[s.Proposal] = append(signatures[s.Proposal], s.Signature)
	}
	return signatures
}

// Set is the newest whose every role has its quorum, without what is still
// being signed.
func (k Known) Set() (*Set, error) {
	if k.done == nil {
		k.done = k.stand(true)
	}
	s := k.done
	out := &Set{Trust: k.trust, Delegated: map[string]*metadata.File{}, Proposed: map[string]bool{}, Founding: len(k.Published) == 0, Published: k.publishedSet()}
	roots := s.line("root")
	for _, c := range roots.chain {
		out.Roots = append(out.Roots, roots.files[c.body.Version])
	}
	if len(out.Roots) == 0 {
		return nil, fmt.Errorf("there is no root that has all its signatures")
	}
	out.Targets = s.newest("targets")
	if out.Targets == nil && k.Newest("targets") != nil {
		return nil, fmt.Errorf("there are no targets that have all their signatures")
	}
	walked := newDelegations()
	walked.walk(k.roles(), func(role string) *metadata.Signed {
		if f := s.newest(role); f != nil {
			return f.Signed
		}
		return nil
	}, asNamed)
	for role, l := range s.lines {
		tip := l.tip()
		if tip == nil || isDelegated(role) && len(walked.signers(role)) == 0 {
			continue
		}
		if isDelegated(role) {
			out.Delegated[role] = s.newest(role)
		}
		if tip.file == nil {
			out.Proposed[role] = true
		}
	}
	return out, nil
}

// newest is the file of a role's newest version; nil for none.
func (s *standing) newest(role string) *metadata.File {
	l := s.line(role)
	if tip := l.tip(); tip != nil {
		return l.files[tip.body.Version]
	}
	return nil
}

// parentsFirst sorts the delegated roles so that a role comes after all that
// delegate to it in any version; where they do so in a circle, by name.
func (k Known) parentsFirst() []string {
	roles := k.roles()
	visited := map[string]bool{"root": true, "snapshot": true, "timestamp": true}
	var order []string
	var visit func(role string)
	visit = func(role string) {
		if visited[role] {
			return
		}
		visited[role] = true
		var children []string
		for _, body := range k.Bodies(role) {
			children = append(children, delegates(body, roles)...)
		}
		slices.Sort(children)
		for _, child := range slices.Backward(slices.Compact(children)) {
			visit(child)
		}
		order = append(order, role)
	}
	for _, role := range slices.Backward(roles) {
		if role != "targets" {
			visit(role)
		}
	}
	slices.Reverse(order)
	return order
}

// KnownOf reads what a bundle holds; proposals ascend by version.
func KnownOf(c Contents) (Known, error) {
	published, err := ReadPublished(c.Published)
	if err != nil {
		return Known{}, err
	}
	var proposals []*Payload
	for _, p := range c.Proposals {
		read, err := ReadPayload(p)
		if err == nil && read.Trust != c.Trust {
			err = &metadata.OtherTrustError{Want: c.Trust, Got: read.Trust}
		}
		if err != nil {
			return Known{}, err
		}
		proposals = append(proposals, read)
	}
	slices.SortStableFunc(proposals, func(a, b *Payload) int { return cmp.Compare(a.Version, b.Version) })
	signatures := byProposal(c.Signatures)
	return NewKnown(c.Trust, published, proposals, func(id metadata.Digest) []metadata.Signature { return signatures[id] }), nil
}

// assembleFile puts the signatures that count to the payload, which stays as it is.
func assembleFile(p *Payload, authorities []Authority, all []metadata.Signature) (*metadata.File, error) {
	q := Quorum{Role: p.Role, Version: p.Version}
	counted := map[metadata.Signature]bool{}
	for _, a := range authorities {
		count := metadata.Quorum(a.Who, a.Keys, p.Body.Payload, all)
		q.By = append(q.By, a.count(count.Valid))
		for _, s := range count.Signatures {
			counted[s] = true
		}
	}
	if !q.Met() {
		return nil, &IncompleteError{q}
	}
	return metadata.ParseFile(metadata.Assemble(p.Signed, slices.Collect(maps.Keys(counted))), metadata.Strict)
}

// CompleteFiles is the published set and, over it, everything that has its
// quorum, under the names of a consistent snapshot.
func (k Known) CompleteFiles(c Contents) map[string][]byte {
	files := map[string][]byte{}
	for _, f := range c.Published {
		files[f.Name] = f.Bytes
	}
	set, err := k.Set()
	if err != nil {
		return files // a founding that lacks signatures: nothing can expire yet
	}
	put := func(role string, f *metadata.File) { files[metadata.FileName(role, f.Version)] = f.Bytes }
	for _, f := range set.Roots {
		put("root", f)
	}
	put("targets", set.Targets)
	for role, f := range set.Delegated {
		put(role, f)
	}
	return files
}

// publishedSet is the newest published file of every role; nil for none.
func (k Known) publishedSet() *metadata.Set {
	if len(k.Published) == 0 {
		return nil
	}
	s := &metadata.Set{Roots: rootsOf(k.Published), Delegated: map[string]*metadata.File{}}
	for _, b := range k.Published { // versions ascend
		switch b.Role {
		case "root":
		case "targets":
			s.Targets = b.File
		case "snapshot":
			s.Snapshot = b.File
		case "timestamp":
			s.Timestamp = b.File
		default:
			s.Delegated[b.Role] = b.File
		}
	}
	return s
}
