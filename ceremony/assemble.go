package ceremony

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// OfflineSet is what the offline roles of a bundle come to: ready to publish
// but for snapshot and timestamp.
type OfflineSet struct {
	Trust     string
	Roots     []*metadata.File          // ascending from the oldest kept
	Targets   *metadata.File            // nil where a site knows only roots
	Delegated map[string]*metadata.File // by role
	// Proposed are the roles of which the bundle brings a new version. What it
	// holds of others is quoted from what was published when it was made.
	Proposed map[string]bool
}

// Assemble joins what a bundle holds: the published set, and on top of it each
// proposal that has its quorum. It returns *IncompleteError where a quorum is
// missing and *ConflictError where two payloads claim one version. A version
// that is published already stays as it is: a later signature does not get in.
// A delegated role that nobody delegates to any more is left out.
func Assemble(c Contents) (*OfflineSet, error) {
	k, err := knownOf(c)
	if err != nil {
		return nil, err
	}
	signatures := byProposal(c.Signatures)
	for _, p := range k.proposals {
		if k.publishedVersion(p) || p.Role != "root" && !k.current(p) {
			continue
		}
		if err := k.conflict(p); err != nil {
			return nil, err
		}
		q, err := k.quorum(p, signatures[p.id])
		if err != nil {
			return nil, err
		}
		if !q.Met() {
			return nil, &IncompleteError{q}
		}
	}
	set, err := k.complete(c.Trust, c.Signatures)
	if err == nil && set.Targets == nil {
		err = fmt.Errorf("the bundle holds no targets that could be published")
	}
	return set, err
}

// inOrder sorts roots first, then targets, then the rest; each by version.
func inOrder(proposals []*proposal) []*proposal {
	rank := func(p *proposal) int {
		switch p.Role {
		case "root":
			return 0
		case "targets":
			return 1
		}
		return 2
	}
	return slices.SortedStableFunc(slices.Values(proposals), func(a, b *proposal) int {
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

// complete is the newest set whose every role has its quorum, without what is
// still being signed.
func (k known) complete(trust string, signatures []ProposalSignature) (*OfflineSet, error) {
	a := assembly{
		known: k, signatures: byProposal(signatures), from: newDelegations(),
		files: map[string]*metadata.File{}, published: map[string][]*metadata.File{}, proposed: map[string][]*proposal{},
		out: &OfflineSet{Trust: trust, Delegated: map[string]*metadata.File{}, Proposed: map[string]bool{}},
	}
	for _, b := range k.published {
		a.published[b.role] = append(a.published[b.role], b.file)
	}
	for _, p := range k.proposals {
		if !k.publishedVersion(p) && k.rivals(p.Role, p.Version) == nil {
			a.proposed[p.Role] = append(a.proposed[p.Role], p)
		}
	}
	a.roots()
	if len(a.out.Roots) == 0 {
		return nil, fmt.Errorf("there is no root that has all its signatures")
	}
	a.role("targets")
	a.out.Targets = a.files["targets"]
	if a.out.Targets == nil && k.newest("targets") != nil {
		return nil, fmt.Errorf("there are no targets that have all their signatures")
	}
	for _, role := range k.parentsFirst() {
		a.role(role)
	}
	a.reachable()
	return a.out, nil
}

// assembly is an OfflineSet in the making. What is chosen of a role is judged by
// what was chosen of those that delegate to it.
type assembly struct {
	known      known
	signatures map[metadata.Digest][]metadata.Signature
	published  map[string][]*metadata.File // by role, ascending
	proposed   map[string][]*proposal      // by role, ascending
	from       *delegations                // of files
	files      map[string]*metadata.File   // that were chosen
	out        *OfflineSet
}

// roots are all that follow each other.
func (a *assembly) roots() {
	a.out.Roots = slices.Clone(a.published["root"])
	for _, p := range a.proposed["root"] {
		authorities, err := a.known.rootAuthorities(p)
		if n := len(a.out.Roots); err != nil || n > 0 && a.out.Roots[n-1].Version >= p.Version || n == 0 && p.Version > 1 {
			continue
		}
		if n := len(a.out.Roots); n > 0 && a.out.Roots[n-1].Digest() != p.Base {
			continue // it builds on a root that has not all its signatures
		}
		if file, err := assembleFile(p, authorities, a.signatures[p.id]); err == nil {
			a.out.Roots, a.out.Proposed["root"] = append(a.out.Roots, file), true
		}
	}
}

// role chooses the newest version of a role that is published or has its quorum.
func (a *assembly) role(role string) {
	var file *metadata.File
	if n := len(a.published[role]); n > 0 {
		file = a.published[role][n-1]
	}
	authorities := a.from.of(role)
	if role == "targets" {
		authorities = []authority{rootAuthority("", a.out.Roots[len(a.out.Roots)-1].Signed, role)}
	}
	for _, p := range slices.Backward(a.proposed[role]) {
		if file != nil && file.Version >= p.Version {
			break
		}
		if f, err := assembleFile(p, authorities, a.signatures[p.id]); err == nil {
			file, a.out.Proposed[role] = f, true
		}
	}
	if file != nil {
		a.files[role] = file
		a.from.add(role, file.Signed, func(a authority) authority { return a })
	}
}

// reachable puts those delegated roles into the set that targets leads to.
func (a *assembly) reachable() {
	roles := slices.Sorted(maps.Keys(a.files))
	walked := newDelegations()
	walked.walk(roles, func(role string) *metadata.Signed {
		if f := a.files[role]; f != nil {
			return f.Signed
		}
		return nil
	}, func(a authority) authority { return a })
	for _, role := range roles {
		if len(walked.of(role)) > 0 {
			a.out.Delegated[role] = a.files[role]
		}
	}
}

// parentsFirst sorts the delegated roles so that a role comes after all that
// delegate to it in any version; where they do so in a circle, by name.
func (k known) parentsFirst() []string {
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
		for _, body := range k.bodies(role) {
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

// knownOf reads what a bundle holds; proposals ascend by version.
func knownOf(c Contents) (known, error) {
	published, err := readHead(c.Head)
	if err != nil {
		return known{}, err
	}
	var proposals []*proposal
	for _, p := range c.Proposals {
		read, err := newProposal(p)
		if err == nil && read.Trust != c.Trust {
			err = &metadata.OtherTrustError{Want: c.Trust, Got: read.Trust}
		}
		if err != nil {
			return known{}, err
		}
		proposals = append(proposals, read)
	}
	slices.SortStableFunc(proposals, func(a, b *proposal) int { return cmp.Compare(a.Version, b.Version) })
	return newKnown(published, proposals), nil
}

// Standing is how far one proposal of a bundle is.
type Standing struct {
	Role    string          `json:"role"`
	Version int64           `json:"version"`
	Digest  metadata.Digest `json:"digest"` // of the payload
	Reason  string          `json:"reason"`
	Expires time.Time       `json:"expires"`
	Quorum  Quorum          `json:"quorum"`
	Problem string          `json:"problem,omitempty"` // why it can't be signed or published
}

// Standings says of each root that a bundle proposes, and of the newest proposal
// of every other role, how far it is.
func Standings(c Contents) ([]Standing, error) {
	k, err := knownOf(c)
	if err != nil {
		return nil, err
	}
	signatures := byProposal(c.Signatures)
	var list []Standing
	for _, p := range k.proposals {
		if p.Role != "root" && !k.current(p) {
			continue
		}
		s := Standing{Role: p.Role, Version: p.Version, Digest: p.id, Reason: p.Reason, Expires: p.body.Expires}
		if s.Quorum, err = k.quorum(p, signatures[p.id]); err == nil {
			err = k.conflict(p)
		}
		if err != nil {
			s.Problem = err.Error()
		}
		list = append(list, s)
	}
	return list, nil
}

// assembleFile puts the signatures that count to the payload, which stays as it is.
func assembleFile(p *proposal, authorities []authority, all []metadata.Signature) (*metadata.File, error) {
	q := Quorum{Role: p.Role, Version: p.Version}
	counted := map[metadata.Signature]bool{}
	for _, a := range authorities {
		count := metadata.Quorum(a.who, a.keys, p.body.Payload, all)
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
