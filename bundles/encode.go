package bundles

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Files of an OCI image layout beside its blobs (OCI image specification 1.1,
// "OCI Image Layout Specification").
const (
	indexFile  = ocispec.ImageIndexFile
	layoutFile = ocispec.ImageLayoutFile
)

// layoutText is the content of the file oci-layout.
func layoutText() []byte {
	return []byte(`{"imageLayoutVersion":"` + ocispec.ImageLayoutVersion + `"}`)
}

// Encode makes the bundle that holds c. Its bytes depend on nothing but what c
// holds: order and repetition in c make no difference. It returns an *Error or
// a *ProposalError for contents that Decode would refuse.
func Encode(c trust.Contents) (*Bundle, error) {
	c = sorted(c)
	entries, err := layout(c)
	if err != nil {
		return nil, err
	}
	size := archiveSize(entries)
	if size > maxSize {
		return nil, refuse("", "it would have %d bytes, and at most %d are allowed", size, maxSize)
	}
	archive := bytes.NewBuffer(make([]byte, 0, size))
	if err := writeArchive(archive, entries); err != nil {
		return nil, err
	}
	return &Bundle{Contents: c, Digest: metadata.Sum(archive.Bytes()), Bytes: archive.Bytes()}, nil
}

// layout is the sorted files of the image layout that holds c, which is sorted.
func layout(c trust.Contents) ([]entry, error) {
	payloads, err := check(c)
	if err != nil {
		return nil, err
	}
	b := builder{blobs: map[string][]byte{}}
	b.blob(emptyConfig())
	if len(c.Published) > 0 {
		b.add(headItem(c))
	}
	proposals := map[metadata.Digest]trust.Proposal{}
	subjects := map[metadata.Digest]ocispec.Descriptor{}
	for i, p := range c.Proposals {
		proposals[payloads[i]] = p
		subjects[payloads[i]] = b.add(proposalItem(p, payloads[i]))
	}
	for _, s := range c.Signatures {
		it, err := signatureItem(s, proposals[s.Proposal], subjects[s.Proposal])
		if err != nil {
			return nil, err
		}
		b.add(it)
	}
	for _, a := range c.Attestations {
		b.add(attestationItem(c.Trust, a))
	}
	for _, j := range c.Journals {
		b.add(journalItem(c.Trust, j))
	}
	return b.entries(c.Trust)
}

// builder collects blobs and index entries. The first failure stays.
type builder struct {
	blobs     map[string][]byte // by path
	manifests []ocispec.Descriptor
	err       error
}

func (b *builder) blob(data []byte) {
	b.blobs[blobDir+metadata.Sum(data).String()] = data
}

func (b *builder) add(it item) ocispec.Descriptor {
	for _, l := range it.layers {
		b.blob(l.data)
	}
	manifest, err := it.manifest()
	if err != nil {
		b.err = cmp.Or(b.err, err)
		return ocispec.Descriptor{}
	}
	b.blob(manifest)
	d := describe(ocispec.MediaTypeImageManifest, manifest)
	listed := d
	listed.ArtifactType = it.kind
	listed.Annotations = maps.Clone(it.notes)
	listed.Annotations[ocispec.AnnotationRefName] = it.ref
	b.manifests = append(b.manifests, listed)
	return d
}

func (b *builder) entries(trust string) ([]entry, error) {
	if b.err != nil {
		return nil, b.err
	}
	slices.SortFunc(b.manifests, func(x, y ocispec.Descriptor) int { return cmp.Compare(x.Digest, y.Digest) })
	index, err := json.Marshal(ocispec.Index{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ocispec.MediaTypeImageIndex,
		ArtifactType: typeBundle,
		Manifests:    b.manifests,
		Annotations:  map[string]string{noteTrust: trust},
	})
	if err != nil {
		return nil, err
	}
	b.blobs[indexFile] = index
	b.blobs[layoutFile] = layoutText()
	if len(b.blobs) > maxEntries {
		return nil, refuse("", "it would have %d files, and at most %d are allowed", len(b.blobs), maxEntries)
	}
	entries := make([]entry, 0, len(b.blobs))
	for _, name := range slices.Sorted(maps.Keys(b.blobs)) {
		data := b.blobs[name]
		if len(data) > maxEntry {
			return nil, refuse(name, "it would have %d bytes, and at most %d are allowed", len(data), maxEntry)
		}
		entries = append(entries, entry{name, data})
	}
	return entries, nil
}

// sorted returns c in the one order in which contents stand in a bundle,
// without repetitions. c is left as it is.
func sorted(c trust.Contents) trust.Contents {
	c.Published = set(c.Published, func(x, y trust.NamedFile) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), bytes.Compare(x.Bytes, y.Bytes))
	})
	c.Proposals = set(c.Proposals, func(x, y trust.Proposal) int {
		return cmp.Or(cmp.Compare(x.Role, y.Role), cmp.Compare(x.Version, y.Version),
			bytes.Compare(x.Signed, y.Signed), bytes.Compare(x.Base[:], y.Base[:]),
			cmp.Compare(x.Reason, y.Reason), cmp.Compare(x.Trust, y.Trust))
	})
	c.Signatures = set(c.Signatures, func(x, y trust.ProposalSignature) int {
		return cmp.Or(bytes.Compare(x.Proposal[:], y.Proposal[:]),
			cmp.Compare(x.KeyID, y.KeyID), cmp.Compare(x.Sig, y.Sig))
	})
	c.Attestations = set(c.Attestations, func(x, y trust.KeyAttestation) int {
		return cmp.Or(cmp.Compare(x.KeyID, y.KeyID), bytes.Compare(x.PEM, y.PEM))
	})
	c.Journals = set(c.Journals, func(x, y trust.SiteJournal) int {
		return cmp.Or(cmp.Compare(x.Site, y.Site), bytes.Compare(x.Lines, y.Lines))
	})
	return c
}

// set returns the elements of s sorted, each once; nil for none.
func set[T any](s []T, compare func(x, y T) int) []T {
	if len(s) == 0 {
		return nil
	}
	s = slices.SortedFunc(slices.Values(s), compare)
	return slices.CompactFunc(s, func(x, y T) bool { return compare(x, y) == 0 })
}
