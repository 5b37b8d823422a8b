package head

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Types of file targets, and of the index of those in one directory.
const (
	targetArtifactType  = "application/vnd.conclave.target.v1+json"
	targetsArtifactType = "application/vnd.conclave.targets.v1+json"
	targetType          = "application/vnd.tuf.target"
)

// HashedName is the name of a target's file in a repository with consistent
// snapshots (TUF 1.0, section 6.2): one of its hashes stands before the last part
// of its path.
func HashedName(target, sum string) string {
	dir, base := path.Split(target)
	return dir + sum + "." + base
}

// EncodeTarget makes the manifest that holds a file target, the tag at which
// docker/attest's client looks for it if its path has no directory, and its
// entry in the index of its directory otherwise. The tag is SHA256.PATH, or the
// SHA-256 alone where that can be no tag.
func EncodeTarget(target string, sum metadata.Digest, size int64) (tag string, raw []byte, listing ocispec.Descriptor, err error) {
	hashed := HashedName(target, sum.String())
	raw, err = json.Marshal(ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ManifestType,
		ArtifactType: targetArtifactType,
		Config:       ocispec.DescriptorEmptyJSON,
		Layers: []ocispec.Descriptor{{
			MediaType:   targetType,
			Digest:      digest.Digest(sum.OCI()),
			Size:        size,
			Annotations: map[string]string{annotationFileName: path.Base(hashed)},
		}},
	})
	if tag = hashed; len(tag) > 128 || strings.Trim(target, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != "" {
		tag = sum.String()
	}
	return tag, raw, ocispec.Descriptor{
		MediaType:   ManifestType,
		Digest:      digest.Digest(metadata.Sum(raw).OCI()),
		Size:        int64(len(raw)),
		Annotations: map[string]string{annotationFileName: hashed},
	}, err
}

// EncodeTargets makes the index of the files in a directory, as docker/attest's
// client reads it: what there lists and keep wants to keep, and add. Of there,
// the index that stands at the tag now or nil, nothing is made where it is no
// such index: ours is false then.
func EncodeTargets(there []byte, add []ocispec.Descriptor, keep func(hashed string) bool) (raw []byte, ours bool, err error) {
	var old ocispec.Index
	if there != nil {
		if json.Unmarshal(there, &old) != nil || old.ArtifactType != targetsArtifactType {
			return nil, false, nil
		}
	}
	list := slices.Clone(add)
	for _, d := range old.Manifests {
		if keep(d.Annotations[annotationFileName]) {
			list = append(list, d)
		}
	}
	order := func(a, b ocispec.Descriptor) int {
		return cmp.Or(cmp.Compare(a.Annotations[annotationFileName], b.Annotations[annotationFileName]), cmp.Compare(a.Digest, b.Digest))
	}
	slices.SortFunc(list, order)
	list = slices.CompactFunc(list, func(a, b ocispec.Descriptor) bool { return order(a, b) == 0 })
	raw, err = json.Marshal(ocispec.Index{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageIndex,
		ArtifactType: targetsArtifactType,
		Manifests:    list,
	})
	if err == nil && len(raw) > MaxSize {
		err = fmt.Errorf("an index of %d files would have %d bytes, and registries take %d", len(list), len(raw), MaxSize)
	}
	return raw, true, err
}
