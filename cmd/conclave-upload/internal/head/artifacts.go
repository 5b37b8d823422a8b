package head

import (
	"encoding/json"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Types of what stands beside the heads.
const (
	PointerArtifactType = "application/vnd.conclave.pointer.v1+json"
	TargetArtifactType  = "application/vnd.conclave.target.v1+json"
	targetType          = "application/vnd.tuf.target"
	annotationPath      = "io.conclave.path"
)

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

// EncodeTarget makes the manifest that holds a file target, and the tag at
// which docker/attest's client looks for it: SHA256.PATH. Where that can be no
// tag, it is the SHA-256 alone.
func EncodeTarget(path string, sum metadata.Digest, size int64) (tag string, raw []byte, err error) {
	dir, base := "", path
	if i := strings.LastIndex(path, "/"); i >= 0 {
		dir, base = path[:i+1], path[i+1:]
	}
	raw, err = json.Marshal(ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ManifestType,
		ArtifactType: TargetArtifactType,
		Config:       ocispec.DescriptorEmptyJSON,
		Layers: []ocispec.Descriptor{{
			MediaType:   targetType,
			Digest:      digest.Digest(sum.OCI()),
			Size:        size,
			Annotations: map[string]string{annotationFileName: dir + sum.String() + "." + base},
		}},
	})
	tag = sum.String() + "." + path
	if len(tag) > 128 || strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != "" {
		tag = sum.String()
	}
	return tag, raw, err
}
