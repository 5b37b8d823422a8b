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
	Roots     []*metadata.File // ascending from the oldest kept
	Targets   *metadata.File
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
	out := &OfflineSet{Trust: c.Trust, Delegated: map[string]*metadata.File{}}
	for _, b := range k.published {
		out.put(b.role, b.file)
	}
	for _, p := range k.proposals {
		if k.publishedVersion(p) {
			continue
		}
		if err := k.conflict(p); err != nil {
			return nil, err
		}
		file, err := k.assemble(p, c.Signatures)
		if err != nil {
			return nil, err
		}
		out.put(p.Role, file)
	}
	if len(out.Roots) == 0 || out.Targets == nil {
		return nil, fmt.Errorf("the bundle holds no root and targets that could be published")
	}
	return out, nil
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

// Standings says of each proposal that a bundle holds how far it is.
func Standings(c Contents) ([]Standing, error) {
	k, err := knownOf(c)
	if err != nil {
		return nil, err
	}
	var list []Standing
	for _, p := range k.proposals {
		s := Standing{Role: p.Role, Version: p.Version, Digest: p.id, Reason: p.Reason, Expires: p.body.Expires}
		var sigs []metadata.Signature
		for _, sig := range c.Signatures {
			if sig.Proposal == p.id {
				sigs = append(sigs, sig.Signature)
			}
		}
		if s.Quorum, err = k.quorum(p, sigs); err == nil {
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
	for _, s := range all {
		if s.Proposal != p.id {
			continue
		}
		if _, err := k.verify(p, s.Signature); err == nil {
			sigs = append(sigs, s.Signature)
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
