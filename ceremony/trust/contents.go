package trust

import (
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Contents is what travels between sites: everything a bundle holds, as
// values. Package bundles turns it into an OCI layout and back.
type Contents struct {
	Trust        string
	Published    []NamedFile // the published set, sorted by name; empty before the first publication
	Proposals    []Proposal
	Signatures   []ProposalSignature
	Attestations []KeyAttestation
	Journals     []SiteJournal
}

// NamedFile is a metadata file under the name it has in a consistent
// snapshot: 1.root.json, 3.targets.json, timestamp.json.
type NamedFile struct {
	Name  string
	Bytes []byte
}

// Proposal is one new signed, frozen.
type Proposal struct {
	Trust   string
	Role    string
	Version int64
	Signed  []byte          // exactly as it will stand in the file
	Base    metadata.Digest // payload digest of the version it builds on; zero for a first version
	Reason  string
}

// ProposalSignature is one signature over one proposal.
type ProposalSignature struct {
	Proposal metadata.Digest // payload digest
	metadata.Signature
}

// KeyAttestation is the attestation of the key with that keyid, in PEM: the
// key's certificate, then the token's (slot f9).
type KeyAttestation struct {
	KeyID string
	PEM   []byte
}

// SiteJournal is one site's journal. Site is the hex SHA-256 of its first line.
type SiteJournal struct {
	Site  string
	Lines []byte
}

// Sifted is the contents without signatures that don't verify, where there is a
// valid one by the same key over the same payload. What can't be read is left as
// it is.
func (c Contents) Sifted() Contents {
	k, err := KnownOf(c)
	if err != nil {
		return c
	}
	type vote struct {
		payload metadata.Digest
		keyid   string
	}
	several := map[vote]int{}
	for _, s := range c.Signatures {
		several[vote{s.Proposal, s.KeyID}]++
	}
	valid := map[ProposalSignature]bool{}
	voted := map[vote]bool{}
	for _, s := range c.Signatures {
		by := vote{s.Proposal, s.KeyID}
		if p := k.ByID[s.Proposal]; p != nil && several[by] > 1 {
			if _, err := k.Verify(p, s.Signature); err == nil {
				valid[s], voted[by] = true, true
			}
		}
	}
	c.Signatures = slices.DeleteFunc(slices.Clone(c.Signatures), func(s ProposalSignature) bool {
		return voted[vote{s.Proposal, s.KeyID}] && !valid[s]
	})
	return c
}
