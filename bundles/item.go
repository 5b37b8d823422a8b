package bundles

import (
	"encoding/json"
	"strconv"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Artifact types (OCI image specification 1.1, "Guidelines for Artifact
// Usage"). But for the head, an item's only layer has the same media type.
const (
	typeBundle      = "application/vnd.conclave.bundle.v1+json" // of the index
	typeHead        = "application/vnd.conclave.head.v1+json"
	typeProposal    = "application/vnd.conclave.proposal.v1+json"
	typeSignature   = "application/vnd.conclave.signature.v1+json"
	typeAttestation = "application/vnd.conclave.attestation.v1+pem"
	typeJournal     = "application/vnd.conclave.journal.v1+jsonl"

	typeMetadata = "application/vnd.tuf.metadata+json" // of the head's layers
)

// Annotations. Those of a manifest stand in its index entry too.
const (
	noteTrust   = "io.conclave.trust"
	noteRole    = "io.conclave.role"
	noteVersion = "io.conclave.version"
	noteKeyID   = "io.conclave.keyid"
	notePayload = "io.conclave.payload" // hex SHA-256 of the payload that is proposed or signed
	noteBase    = "io.conclave.base"    // the same of the version it builds on; absent for a first one
	noteReason  = "io.conclave.reason"  // absent where there is none
	noteSite    = "io.conclave.site"

	noteFileName = "tuf.io/filename" // of the head's layers
)

// item is what one artifact manifest says.
type item struct {
	kind    string // artifact type
	ref     string // the tag under which oras and skopeo find it in the layout; two items may share one
	notes   map[string]string
	layers  []layer
	subject *ocispec.Descriptor
}

type layer struct {
	kind, name string // media type; file name, of metadata only
	data       []byte
}

func headItem(c trust.Contents) item {
	it := item{kind: typeHead, ref: c.Trust, notes: map[string]string{noteTrust: c.Trust}}
	for _, f := range c.Published {
		it.layers = append(it.layers, layer{typeMetadata, f.Name, f.Bytes})
	}
	return it
}

func proposalItem(p trust.Proposal, payload metadata.Digest) item {
	it := single(typeProposal, p.Signed, map[string]string{
		noteTrust:   p.Trust,
		noteRole:    p.Role,
		noteVersion: strconv.FormatInt(p.Version, 10),
		notePayload: payload.String(),
	})
	if !p.Base.IsZero() {
		it.notes[noteBase] = p.Base.String()
	}
	if p.Reason != "" {
		it.notes[noteReason] = p.Reason
	}
	it.ref = p.Trust + "-prop-" + short(payload.String())
	return it
}

// signatureItem says what the signature is over, so that a listing can be read
// without following its subject.
func signatureItem(s trust.ProposalSignature, over trust.Proposal, subject ocispec.Descriptor) (item, error) {
	data, err := json.Marshal(s.Signature)
	if err != nil {
		return item{}, err
	}
	it := single(typeSignature, data, map[string]string{
		noteTrust:   over.Trust,
		noteRole:    over.Role,
		noteVersion: strconv.FormatInt(over.Version, 10),
		notePayload: s.Proposal.String(),
		noteKeyID:   s.KeyID,
	})
	it.ref = over.Trust + "-sig-" + short(s.Proposal.String()) + "-" + short(s.KeyID)
	it.subject = &ocispec.Descriptor{MediaType: subject.MediaType, Digest: subject.Digest, Size: subject.Size}
	return it, nil
}

func attestationItem(trust string, a trust.KeyAttestation) item {
	it := single(typeAttestation, a.PEM, map[string]string{noteTrust: trust, noteKeyID: a.KeyID})
	it.ref = trust + "-key-" + short(a.KeyID)
	return it
}

func journalItem(trust string, j trust.SiteJournal) item {
	it := single(typeJournal, j.Lines, map[string]string{noteTrust: trust, noteSite: j.Site})
	it.ref = trust + "-journal-" + short(j.Site)
	return it
}

func single(kind string, data []byte, notes map[string]string) item {
	return item{kind: kind, notes: notes, layers: []layer{{kind: kind, data: data}}}
}

// manifest is the item's image manifest (OCI image specification 1.1).
func (it item) manifest() ([]byte, error) {
	layers := make([]ocispec.Descriptor, len(it.layers))
	for i, l := range it.layers {
		layers[i] = describe(l.kind, l.data)
		if l.name != "" {
			layers[i].Annotations = map[string]string{noteFileName: l.name}
		}
	}
	return json.Marshal(ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageManifest,
		ArtifactType: it.kind,
		Config:       describe(ocispec.MediaTypeEmptyJSON, emptyConfig()),
		Layers:       layers,
		Subject:      it.subject,
		Annotations:  it.notes,
	})
}

func emptyConfig() []byte { return []byte("{}") }

func describe(mediaType string, data []byte) ocispec.Descriptor {
	return ocispec.Descriptor{
		MediaType: mediaType,
		Digest:    digest.Digest(metadata.Sum(data).OCI()),
		Size:      int64(len(data)),
	}
}

// short is the start of a digest that names things for people.
func short(hex string) string { return hex[:min(12, len(hex))] }
