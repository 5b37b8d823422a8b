package head

import (
	"encoding/json"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// PointerArtifactType is the type of what links an image to a trust.
const PointerArtifactType = "application/vnd.conclave.pointer.v1+json"

const annotationPath = "io.conclave.path"

// Subject is an image that a role vouches for.
type Subject struct {
	MediaType string
	SHA256    string // hex
	Size      int64  // bytes of its manifest
}

// EncodePointer makes the manifest that links an image to the trust, the role
// and the path that vouch for it, and its entry in a list of referrers. It is a
// hint and proves nothing: trust comes from a root.
func EncodePointer(trust, role, path string, s Subject) (raw []byte, listing ocispec.Descriptor, err error) {
	notes := map[string]string{annotationTrust: trust, annotationRole: role, annotationPath: path}
	raw, err = json.Marshal(ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ManifestType,
		ArtifactType: PointerArtifactType,
		Config:       ocispec.DescriptorEmptyJSON,
		Layers:       []ocispec.Descriptor{ocispec.DescriptorEmptyJSON},
		Subject:      &ocispec.Descriptor{MediaType: s.MediaType, Digest: digest.NewDigestFromEncoded(digest.SHA256, s.SHA256), Size: s.Size},
		Annotations:  notes,
	})
	return raw, ocispec.Descriptor{
		MediaType:    ManifestType,
		ArtifactType: PointerArtifactType,
		Digest:       digest.Digest(metadata.Sum(raw).OCI()),
		Size:         int64(len(raw)),
		Annotations:  notes,
	}, err
}
