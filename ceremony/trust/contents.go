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

// Sifted is the contents without signatures that can't be valid, whatever else may
// still come. What can't be read is left as it is.
func (c Contents) Sifted() Contents {
	k, err := KnownOf(c)
	if err != nil {
		return c
	}
	c.Signatures = slices.DeleteFunc(slices.Clone(c.Signatures), func(s ProposalSignature) bool {
		p := k.ByID[s.Proposal]
		return p != nil && k.refutes(p, s.Signature)
	})
	return c
}

// refutes says whether a signature over p can't be valid: it does not verify under
// the key of that keyid, or p is a root whose keys are all known here. Of another
// role a later version may name the key.
func (k Known) refutes(p *Payload, s metadata.Signature) bool {
	by := k.EverAuthorities(p)
	named := slices.ContainsFunc(by, func(a Authority) bool { return slices.Contains(a.Who.KeyIDs, s.KeyID) })
	if !named && (p.Role != "root" || len(by) == 0) {
		return false
	}
	_, err := k.Verify(p, s)
	return err != nil
}
