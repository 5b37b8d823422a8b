package rendezvous

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Artifact types and annotations, as in a bundle.
const (
	typeProposal    = "application/vnd.conclave.proposal.v1+json"
	typeSignature   = "application/vnd.conclave.signature.v1+json"
	typeAttestation = "application/vnd.conclave.attestation.v1+pem"

	noteTrust   = "io.conclave.trust"
	noteRole    = "io.conclave.role"
	noteVersion = "io.conclave.version"
	noteKeyID   = "io.conclave.keyid"
	notePayload = "io.conclave.payload"
	noteBase    = "io.conclave.base"
	noteReason  = "io.conclave.reason"
)

// item is one object of a bundle, ready to be pushed.
type item struct {
	tag      string
	raw      []byte // the manifest
	manifest ocispec.Manifest
	blobs    [][]byte // config and layers
}

// items takes out of a bundle what is shared, sorted by kind: what a signature
// is over comes before it.
func items(b *bundles.Bundle) (proposals, signatures, attestations []item, err error) {
	files, err := unpack(b.Bytes)
	if err != nil {
		return nil, nil, nil, err
	}
	var index ocispec.Index
	if err := json.Unmarshal(files[ocispec.ImageIndexFile], &index); err != nil {
		return nil, nil, nil, fmt.Errorf("the bundle's index: %w", err)
	}
	for _, d := range index.Manifests {
		it := item{tag: d.Annotations[ocispec.AnnotationRefName], raw: files[blobPath(d)]}
		if err := json.Unmarshal(it.raw, &it.manifest); err != nil {
			return nil, nil, nil, fmt.Errorf("the bundle's %s: %w", it.tag, err)
		}
		for _, l := range append([]ocispec.Descriptor{it.manifest.Config}, it.manifest.Layers...) {
			it.blobs = append(it.blobs, files[blobPath(l)])
		}
		switch it.manifest.ArtifactType {
		case typeProposal:
			proposals = append(proposals, it)
		case typeSignature:
			signatures = append(signatures, it)
		case typeAttestation:
			attestations = append(attestations, it)
		}
	}
	return proposals, signatures, attestations, nil
}

func blobPath(d ocispec.Descriptor) string {
	return "blobs/" + strings.Replace(string(d.Digest), ":", "/", 1)
}

// unpack reads a tar that package bundles has accepted.
func unpack(archive []byte) (map[string][]byte, error) {
	files := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}

// read is what a shared object says. Nothing of it has been verified.
func read(name string, m ocispec.Manifest, content []byte) (c trust.Contents, err error) {
	c.Trust = name
	if got := m.Annotations[noteTrust]; got != name {
		return c, &metadata.OtherTrustError{Role: "it", Want: name, Got: got}
	}
	switch m.ArtifactType {
	case typeProposal:
		p := trust.Proposal{Trust: name, Role: m.Annotations[noteRole], Signed: content, Reason: m.Annotations[noteReason]}
		if p.Version, err = strconv.ParseInt(m.Annotations[noteVersion], 10, 64); err != nil {
			return c, err
		}
		if base := m.Annotations[noteBase]; base != "" {
			p.Base, err = metadata.ParseDigest(base)
		}
		c.Proposals = append(c.Proposals, p)
	case typeSignature:
		var s trust.ProposalSignature
		if s.Proposal, err = metadata.ParseDigest(m.Annotations[notePayload]); err != nil {
			return c, err
		}
		err = json.Unmarshal(content, &s.Signature)
		c.Signatures = append(c.Signatures, s)
	case typeAttestation:
		c.Attestations = append(c.Attestations, trust.KeyAttestation{KeyID: m.Annotations[noteKeyID], PEM: content})
	default:
		err = fmt.Errorf("it is %q, which is not shared", m.ArtifactType)
	}
	return c, err
}
