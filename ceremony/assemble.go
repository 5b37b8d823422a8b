package ceremony

import (
	"cmp"
	"fmt"
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
}

// Assemble joins what a bundle holds: the published set, and on top of it each
// proposal that has its quorum. It returns *IncompleteError where a quorum is
// missing and *ConflictError where two payloads claim one version. A version
// that is published already stays as it is: a later signature does not get in.
func Assemble(c Contents) (*OfflineSet, error) {
	k, err := knownOf(c)
	if err != nil {
		return nil, err
	}
	for _, p := range k.proposals {
		if k.publishedVersion(p) || p.Role != "root" && !k.current(p) {
			continue
		}
		if err := k.conflict(p); err != nil {
			return nil, err
		}
		q, err := k.quorum(p, signaturesOver(p.id, c.Signatures))
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

// complete is the newest set whose every role has its quorum, without what is
// still being signed.
func (k known) complete(trust string, signatures []ProposalSignature) (*OfflineSet, error) {
	out := &OfflineSet{Trust: trust, Delegated: map[string]*metadata.File{}}
	done := known{published: k.published}
	for _, b := range k.published {
		out.put(b.role, b.file)
	}
	for _, p := range inOrder(k.proposals) {
		if k.publishedVersion(p) || k.rivals(p.Role, p.Version) != nil {
			continue
		}
		with := known{done.published, append(slices.Clone(done.proposals), p)}
		if file, err := with.assemble(p, signatures); err == nil {
			done = with
			out.put(p.Role, file)
		}
	}
	if len(out.Roots) == 0 {
		return nil, fmt.Errorf("there is no root that has all its signatures")
	}
	if out.Targets == nil && k.newest("targets") != nil {
		return nil, fmt.Errorf("there are no targets that have all their signatures")
	}
	return out, nil
}

// inOrder sorts roots first, then targets, then the rest; each by version. A
// role's keys are then known before what they sign.
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

func signaturesOver(id metadata.Digest, all []ProposalSignature) []metadata.Signature {
	var sigs []metadata.Signature
	for _, s := range all {
		if s.Proposal == id {
			sigs = append(sigs, s.Signature)
		}
	}
	return sigs
}

// knownOf reads what a bundle holds; proposals ascend by version.
func knownOf(c Contents) (known, error) {
	published, err := readHead(c.Head)
	if err != nil {
		return known{}, err
	}
	k := known{published: published}
	for _, p := range c.Proposals {
		read, err := newProposal(p)
		if err == nil && read.Trust != c.Trust {
			err = &metadata.OtherTrustError{Want: c.Trust, Got: read.Trust}
		}
		if err != nil {
			return known{}, err
		}
		k.proposals = append(k.proposals, read)
	}
	slices.SortStableFunc(k.proposals, func(a, b *proposal) int { return cmp.Compare(a.Version, b.Version) })
	return k, nil
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
	var list []Standing
	for _, p := range k.proposals {
		if p.Role != "root" && !k.current(p) {
			continue
		}
		s := Standing{Role: p.Role, Version: p.Version, Digest: p.id, Reason: p.Reason, Expires: p.body.Expires}
		if s.Quorum, err = k.quorum(p, signaturesOver(p.id, c.Signatures)); err == nil {
			err = k.conflict(p)
		}
		if err != nil {
			s.Problem = err.Error()
		}
		list = append(list, s)
	}
	return list, nil
}

func (s *OfflineSet) put(role string, f *metadata.File) {
	switch role {
	case "root":
		s.Roots = append(s.Roots, f)
	case "targets":
		s.Targets = f
	case "snapshot", "timestamp":
	default:
		s.Delegated[role] = f
	}
}

// publishedVersion says whether exactly this payload is out already.
func (k known) publishedVersion(p *proposal) bool {
	return slices.ContainsFunc(k.published, func(b body) bool {
		return b.role == p.Role && b.file.Digest() == p.id
	})
}

// assemble puts the signatures that count to the payload, which stays as it is.
func (k known) assemble(p *proposal, all []ProposalSignature) (*metadata.File, error) {
	authorities, err := k.authorities(p)
	if err != nil {
		return nil, err
	}
	var sigs []metadata.Signature
	for _, s := range signaturesOver(p.id, all) {
		if _, err := verify(authorities, p, s); err == nil {
			sigs = append(sigs, s)
		}
	}
	q := Quorum{Role: p.Role, Version: p.Version}
	for _, a := range authorities {
		q.By = append(q.By, a.tally(p.body.Payload, sigs))
	}
	if !q.Met() {
		return nil, &IncompleteError{q}
	}
	return metadata.ParseFile(metadata.Assemble(p.Signed, sigs), metadata.Strict)
}
