package head

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Media and artifact types (OCI image specification 1.1, "Guidelines for
// Artifact Usage"). Clients of docker/attest go by MetadataType alone.
const (
	ArtifactType     = "application/vnd.conclave.head.v1+json"
	RootArtifactType = "application/vnd.conclave.root.v1+json"
	roleArtifactType = "application/vnd.conclave.role.v1+json"
	binsArtifactType = "application/vnd.conclave.bins.v1+json"
	MetadataType     = "application/vnd.tuf.metadata+json"
	ManifestType     = ocispec.MediaTypeImageManifest
)

// Annotations of the manifest and of its layers.
const (
	annotationFileName = "tuf.io/filename"
	annotationTrust    = "io.conclave.trust"
	annotationRole     = "io.conclave.role"
	annotationVersion  = "io.conclave.version"
	annotationBins     = "io.conclave.bins" // digests of the manifests that keep the bins alive
)

const (
	// InlineBudget is how many bytes of metadata a head carries itself, in the
	// data fields of its layers, as long as it stays below SplitSize with them.
	InlineBudget = 64 << 10
	// MaxSize is the longest manifest, in bytes, that is written or read:
	// registries refuse more than 4 MiB.
	MaxSize = 3 << 20
	// MaxFile is the longest metadata file, in bytes, that is read. It is the
	// limit that TUF clients have for targets.
	MaxFile = 5_000_000
	// MaxSet is how many bytes all files of a set may have together.
	MaxSet = 256 << 20
	// maxBins is how many manifests of bins a head may have: as many as it
	// takes for MaxSet if each is but half full.
	maxBins = 2 * MaxSet / 3 * 4 / MaxSize
)

// Head is what a head manifest says. Nothing of it has been verified.
type Head struct {
	Trust   string
	Version int64             // of the timestamp
	Layers  []Layer           // in the order of the manifest, no name twice
	Bins    []metadata.Digest // of the manifests that hold what Split took out
}

// Layer is one metadata file of the set.
type Layer struct {
	Name   string
	Digest metadata.Digest
	Size   int64
	Data   []byte // the file itself where it is inline, checked against Digest; else nil
}

// EmptyConfig is the content of the empty config, which every manifest refers
// to and which therefore has to be in the repository (OCI image specification
// 1.1, "Guidance for an Empty Descriptor").
func EmptyConfig() []byte { return []byte("{}") }

// Encode makes the head manifest of a set: files in the order that Files gives
// them. version is that of the timestamp, and bins are the manifests that hold
// the files which Split took out.
func Encode(trust string, version int64, files []trust.NamedFile, bins ...metadata.Digest) ([]byte, error) {
	m := manifest{artifactType: ArtifactType, trust: trust, role: Timestamp, version: version, bins: bins}
	bare, err := encode(m, files, nil)
	if err != nil {
		return nil, err
	}
	return encode(m, files, inline(files, min(InlineBudget, room(len(bare), len(files)))))
}

// room is how many bytes can be inline in a manifest that has so many without,
// and does not get longer than SplitSize: in base64 they are four for three.
func room(bare, files int) int {
	const field = len(`"data":"==",`)
	return max(0, SplitSize-bare-files*field) / 4 * 3
}

// EncodeRoot makes the manifest that holds one root by itself.
func EncodeRoot(name string, version int64, file []byte) ([]byte, error) {
	files := []trust.NamedFile{{Name: FileName(Root, version), Bytes: file}}
	return encode(manifest{artifactType: RootArtifactType, trust: name, role: Root, version: version}, files, inline(files, InlineBudget))
}

// EncodeRole makes the manifest that holds a delegated role by itself, as
// docker/attest's client looks for it. Of files the last is the newest version;
// the one before it stays for those who have not seen the newest snapshot.
func EncodeRole(trust, role string, version int64, files []trust.NamedFile) ([]byte, error) {
	return encode(manifest{artifactType: roleArtifactType, trust: trust, role: role, version: version}, files, nil)
}

type manifest struct {
	artifactType, trust, role string
	version                   int64 // 0: none
	bins                      []metadata.Digest
}

func (m manifest) annotations() map[string]string {
	notes := map[string]string{annotationTrust: m.trust, annotationRole: m.role}
	if m.version != 0 {
		notes[annotationVersion] = strconv.FormatInt(m.version, 10)
	}
	var bins []string
	for _, d := range m.bins {
		bins = append(bins, d.String())
	}
	if bins != nil {
		notes[annotationBins] = strings.Join(bins, " ")
	}
	return notes
}

func encode(m manifest, files []trust.NamedFile, inline map[string]bool) ([]byte, error) {
	layers := make([]ocispec.Descriptor, 0, len(files))
	for _, f := range files {
		d := ocispec.Descriptor{
			MediaType:   MetadataType,
			Digest:      digest.Digest(metadata.Sum(f.Bytes).OCI()),
			Size:        int64(len(f.Bytes)),
			Annotations: map[string]string{annotationFileName: f.Name},
		}
		if inline[f.Name] {
			d.Data = f.Bytes
		}
		layers = append(layers, d)
	}
	raw, err := json.Marshal(ocispec.Manifest{
		Versioned:    specs.Versioned{SchemaVersion: 2},
		MediaType:    ManifestType,
		ArtifactType: m.artifactType,
		Config:       ocispec.DescriptorEmptyJSON,
		Layers:       layers,
		Annotations:  m.annotations(),
	})
	if err != nil {
		return nil, fmt.Errorf("encode the head manifest: %w", err)
	}
	if len(raw) > MaxSize {
		return nil, fmt.Errorf("the head manifest of %s would have %d bytes, and registries take %d: it names %d files", m.trust, len(raw), MaxSize, len(files))
	}
	return raw, nil
}

// inline chooses what a head carries itself: first what every client needs,
// whatever it already has, then the rest while there is room for its bytes.
func inline(files []trust.NamedFile, left int) map[string]bool {
	const never = 5
	newest := newestRoot(files)
	rank := func(name string) int {
		role, version, err := ParseFileName(name)
		switch {
		case err != nil:
			return never
		case role == Timestamp:
			return 0
		case role == Snapshot:
			return 1
		case role == Root && version == newest:
			return 2
		case role == Targets:
			return 3
		}
		return 4
	}
	chosen := map[string]bool{}
	for r := range never {
		for _, f := range files {
			if rank(f.Name) == r && len(f.Bytes) <= left {
				chosen[f.Name] = true
				left -= len(f.Bytes)
			}
		}
	}
	return chosen
}

func newestRoot(files []trust.NamedFile) (newest int64) {
	for _, f := range files {
		if role, version, err := ParseFileName(f.Name); err == nil && role == Root {
			newest = max(newest, version)
		}
	}
	return newest
}
