package head

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// FormatError says what in a head manifest is not as it has to be.
type FormatError struct {
	Field string // "layers[2].data"; "" for the manifest as a whole
	Why   string
}

func (e *FormatError) Error() string {
	if e.Field == "" {
		return "this is no head manifest: " + e.Why
	}
	return "this is no head manifest: " + e.Field + ": " + e.Why
}

// Parse reads a head manifest from a registry that need not be trusted. It
// refuses with *FormatError what Encode would not have written in substance:
// another artifact type, two layers of one name, inline data that isn't what
// its digest says. Fields it does not know are skipped, as OCI asks for.
func Parse(raw []byte) (*Head, error) {
	if len(raw) > MaxSize {
		return nil, &FormatError{Why: fmt.Sprintf("it has %d bytes, more than %d", len(raw), MaxSize)}
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, &FormatError{Why: "it is no JSON of that kind: " + err.Error()}
	}
	switch {
	case m.SchemaVersion != 2:
		return nil, &FormatError{"schemaVersion", fmt.Sprintf("%d, not 2", m.SchemaVersion)}
	case m.MediaType != ManifestType:
		return nil, &FormatError{"mediaType", fmt.Sprintf("%q, not %q", m.MediaType, ManifestType)}
	case m.ArtifactType != ArtifactType:
		return nil, &FormatError{"artifactType", fmt.Sprintf("%q, not %q", m.ArtifactType, ArtifactType)}
	case m.Annotations[annotationTrust] == "":
		return nil, &FormatError{"annotations." + annotationTrust, "missing: whose head it is"}
	}
	version, err := strconv.ParseInt(m.Annotations[annotationVersion], 10, 64)
	if err != nil || version < 1 {
		return nil, &FormatError{"annotations." + annotationVersion, fmt.Sprintf("%q is no version", m.Annotations[annotationVersion])}
	}
	layers, err := parseLayers(m.Layers)
	if err != nil {
		return nil, err
	}
	bins, err := parseBins(m.Annotations[annotationBins])
	if err != nil {
		return nil, err
	}
	return &Head{Trust: m.Annotations[annotationTrust], Version: version, Layers: layers, Bins: bins}, nil
}

// ParseImage reads an image whose layers are metadata files, as docker/attest's
// client does: it goes by the names of the layers, and passes over others.
func ParseImage(raw []byte) ([]Layer, error) {
	var m ocispec.Manifest
	switch err := json.Unmarshal(raw, &m); {
	case err != nil:
		return nil, &FormatError{Why: "it is no JSON of that kind: " + err.Error()}
	case m.MediaType != ManifestType:
		return nil, &FormatError{"mediaType", fmt.Sprintf("%q, not %q", m.MediaType, ManifestType)}
	}
	return parseLayers(slices.DeleteFunc(m.Layers, func(d ocispec.Descriptor) bool { return d.Annotations[annotationFileName] == "" }))
}

// ParseBins reads a manifest that Split made, and returns the files that it
// carries. Nothing else of it matters.
func ParseBins(raw []byte) ([]Layer, error) {
	var m ocispec.Manifest
	switch err := json.Unmarshal(raw, &m); {
	case err != nil:
		return nil, &FormatError{Why: "it is no JSON of that kind: " + err.Error()}
	case m.ArtifactType != binsArtifactType:
		return nil, &FormatError{"artifactType", fmt.Sprintf("%q, not %q", m.ArtifactType, binsArtifactType)}
	}
	return parseLayers(m.Layers)
}

// IsRootOf says whether raw is a manifest that EncodeRoot made for that trust.
func IsRootOf(trust string, raw []byte) bool { return isOf(RootArtifactType, trust, Root, raw) }

// IsRoleOf says whether raw is a manifest that EncodeRole made for that role.
func IsRoleOf(trust, role string, raw []byte) bool { return isOf(roleArtifactType, trust, role, raw) }

func isOf(artifactType, trust, role string, raw []byte) bool {
	var m ocispec.Manifest
	return json.Unmarshal(raw, &m) == nil && m.ArtifactType == artifactType &&
		m.Annotations[annotationTrust] == trust && m.Annotations[annotationRole] == role
}

func parseBins(list string) ([]metadata.Digest, error) {
	var bins []metadata.Digest
	for text := range strings.FieldsSeq(list) {
		d, err := metadata.ParseDigest(text)
		if err != nil {
			return nil, &FormatError{"annotations." + annotationBins, err.Error()}
		}
		bins = append(bins, d)
	}
	if len(bins) > maxBins {
		return nil, &FormatError{"annotations." + annotationBins, fmt.Sprintf("%d manifests, more than %d", len(bins), maxBins)}
	}
	return bins, nil
}

func parseLayers(descriptors []ocispec.Descriptor) ([]Layer, error) {
	layers := make([]Layer, 0, len(descriptors))
	seen, total := map[string]bool{}, int64(0)
	for i, d := range descriptors {
		field := fmt.Sprintf("layers[%d]", i)
		l, err := parseLayer(field, d)
		if err != nil {
			return nil, err
		}
		if seen[l.Name] {
			return nil, &FormatError{field, fmt.Sprintf("a second %s", l.Name)}
		}
		if total += l.Size; total > MaxSet {
			return nil, &FormatError{field + ".size", fmt.Sprintf("more than %d bytes in all", MaxSet)}
		}
		seen[l.Name] = true
		layers = append(layers, l)
	}
	return layers, nil
}

func parseLayer(field string, d ocispec.Descriptor) (Layer, error) {
	if d.MediaType != MetadataType {
		return Layer{}, &FormatError{field + ".mediaType", fmt.Sprintf("%q, not %q", d.MediaType, MetadataType)}
	}
	name := d.Annotations[annotationFileName]
	if _, _, err := ParseFileName(name); err != nil {
		return Layer{}, &FormatError{field + ".annotations." + annotationFileName, err.Error()}
	}
	sum, err := metadata.ParseDigest(string(d.Digest))
	if err != nil {
		return Layer{}, &FormatError{field + ".digest", err.Error()}
	}
	if d.Size < 1 || d.Size > MaxFile {
		return Layer{}, &FormatError{field + ".size", fmt.Sprintf("%d bytes: 1 to %d are allowed", d.Size, MaxFile)}
	}
	if d.Data != nil && (int64(len(d.Data)) != d.Size || metadata.Sum(d.Data) != sum) {
		return Layer{}, &FormatError{field + ".data", "not the content that its digest and size name"}
	}
	return Layer{Name: name, Digest: sum, Size: d.Size, Data: d.Data}, nil
}
