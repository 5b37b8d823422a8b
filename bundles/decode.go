package bundles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

const (
	maxJSON     = 8 << 20  // bytes of the index and of a head's manifest
	maxManifest = 64 << 10 // bytes of any other manifest
)

// Decode reads a bundle. It accepts exactly the bytes that Encode makes of
// what they hold, so that one content has one digest; anything else is an
// *Error that names the entry, or a *ProposalError. It costs memory of the
// order of len(data).
func Decode(data []byte) (*Bundle, error) {
	if len(data) > maxSize {
		return nil, refuse("", "it has %d bytes, and at most %d are allowed", len(data), maxSize)
	}
	entries, err := readArchive(data)
	if err != nil {
		return nil, err
	}
	r, err := newReader(entries)
	if err != nil {
		return nil, err
	}
	c, err := r.contents()
	if err != nil {
		return nil, err
	}
	c = sorted(c)
	if err := same(c, entries); err != nil {
		return nil, err
	}
	return &Bundle{Contents: c, Digest: metadata.Sum(data), Bytes: data}, nil
}

// same holds entries against those that c makes. What the reader took from the
// manifests is in c; whatever else they say, and whatever nothing refers to,
// shows here.
func same(c trust.Contents, entries []entry) error {
	want, err := layout(c)
	if err != nil {
		return err
	}
	missing := make(map[string][]byte, len(want))
	for _, e := range want {
		missing[e.name] = e.data
	}
	for _, e := range entries {
		if data, ok := missing[e.name]; !ok || !bytes.Equal(e.data, data) {
			return refuse(e.name, "nothing in the bundle accounts for it, or it is not written as a bundle is")
		}
		delete(missing, e.name)
	}
	for _, e := range want {
		if _, ok := missing[e.name]; ok {
			return refuse(e.name, "it is missing")
		}
	}
	return nil
}

// reader finds the parts of a layout whose blobs are what their names say.
type reader struct{ files map[string][]byte }

func newReader(entries []entry) (reader, error) {
	r := reader{make(map[string][]byte, len(entries))}
	for _, e := range entries {
		if isBlob := strings.HasPrefix(e.name, blobDir); isBlob && e.name != blobDir+metadata.Sum(e.data).String() {
			return r, refuse(e.name, "its content has another SHA-256 than its name says")
		}
		r.files[e.name] = e.data
	}
	for _, name := range []string{layoutFile, indexFile} {
		if _, ok := r.files[name]; !ok {
			return r, refuse(name, "it is missing: this is no bundle")
		}
	}
	if !bytes.Equal(r.files[layoutFile], layoutText()) {
		return r, refuse(layoutFile, "it is not that of an OCI image layout %s", ocispec.ImageLayoutVersion)
	}
	return r, nil
}

func (r reader) contents() (trust.Contents, error) {
	var c trust.Contents
	index, err := parseIndex(r.files[indexFile])
	if err != nil {
		return c, refuse(indexFile, "%v", err)
	}
	if index.ArtifactType != typeBundle {
		return c, refuse(indexFile, "its artifact type is not %s: this is no bundle", typeBundle)
	}
	c.Trust = index.Annotations[noteTrust]
	for i, d := range index.Manifests {
		limit := maxManifest
		if d.ArtifactType == typeHead {
			limit = maxJSON
			if len(c.Published) > 0 {
				return c, refuse(indexFile, "it lists two published sets")
			}
		}
		raw, ok := r.blob(d)
		if !ok || len(raw) > limit {
			return c, refuse(fmt.Sprintf("%s: manifests[%d]", indexFile, i), "the bundle does not hold it, or it is longer than %d bytes", limit)
		}
		if err := r.take(&c, raw, d.ArtifactType); err != nil {
			return c, refuse(blobDir+d.Digest.Encoded(), "%v", err)
		}
	}
	return c, nil
}

// blob is what a descriptor points to.
func (r reader) blob(d ocispec.Descriptor) ([]byte, bool) {
	digest, err := metadata.ParseDigest(string(d.Digest))
	if err != nil || digest.OCI() != string(d.Digest) {
		return nil, false
	}
	data, ok := r.files[blobDir+digest.String()]
	return data, ok && int64(len(data)) == d.Size
}

// take adds to c the item that a manifest describes.
func (r reader) take(c *trust.Contents, raw []byte, kind string) error {
	m, err := parseManifest(raw)
	if err != nil {
		return err
	}
	if m.ArtifactType != kind {
		return errors.New("the index gives it another artifact type than its own")
	}
	layers := make([][]byte, len(m.Layers))
	for i, l := range m.Layers {
		var ok bool
		if layers[i], ok = r.blob(l); !ok {
			return fmt.Errorf("layers[%d] is not in the bundle", i)
		}
	}
	if kind == typeHead {
		for i, l := range m.Layers {
			c.Published = append(c.Published, trust.NamedFile{Name: l.Annotations[noteFileName], Bytes: layers[i]})
		}
		return nil
	}
	if len(layers) != 1 {
		return fmt.Errorf("it has %d layers, and an item has one", len(layers))
	}
	switch kind {
	case typeProposal:
		p, err := readProposal(m.Annotations, layers[0])
		c.Proposals = append(c.Proposals, p)
		return err
	case typeSignature:
		s, err := readSignature(m.Annotations, layers[0])
		c.Signatures = append(c.Signatures, s)
		return err
	case typeAttestation:
		c.Attestations = append(c.Attestations, trust.KeyAttestation{KeyID: m.Annotations[noteKeyID], PEM: layers[0]})
	case typeJournal:
		c.Journals = append(c.Journals, trust.SiteJournal{Site: m.Annotations[noteSite], Lines: layers[0]})
	default:
		return fmt.Errorf("its artifact type %q is not one that a bundle holds", text.Safe(kind))
	}
	return nil
}

func readProposal(notes map[string]string, layer []byte) (trust.Proposal, error) {
	p := trust.Proposal{Trust: notes[noteTrust], Role: notes[noteRole], Signed: layer, Reason: notes[noteReason]}
	var err error
	if p.Version, err = strconv.ParseInt(notes[noteVersion], 10, 64); err != nil {
		return p, fmt.Errorf("annotation %s: it is no version", noteVersion)
	}
	if base := notes[noteBase]; base != "" {
		if p.Base, err = metadata.ParseDigest(base); err != nil {
			return p, fmt.Errorf("annotation %s: it is no digest", noteBase)
		}
	}
	return p, nil
}

func readSignature(notes map[string]string, layer []byte) (trust.ProposalSignature, error) {
	s := trust.ProposalSignature{}
	if len(layer) > maxManifest {
		return s, errors.New("its layer is too long for a signature")
	}
	var err error
	if s.Proposal, err = metadata.ParseDigest(notes[notePayload]); err != nil {
		return s, fmt.Errorf("annotation %s: it is no digest", notePayload)
	}
	s.Signature, err = parse[metadata.Signature](layer)
	return s, err
}

// descriptors is a list that is refused before it grows out of bounds.
type descriptors []ocispec.Descriptor

func (l *descriptors) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return readDescriptors(dec, (*[]ocispec.Descriptor)(l))
}

// foreign is descriptors of somebody else's, with fields that we don't know.
type foreign []ocispec.Descriptor

func (l *foreign) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	return readDescriptors(json.NewDecoder(bytes.NewReader(b)), (*[]ocispec.Descriptor)(l))
}

func readDescriptors(dec *json.Decoder, l *[]ocispec.Descriptor) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return errors.New("a list of descriptors is expected")
	}
	for dec.More() {
		if len(*l) == maxEntries {
			return fmt.Errorf("it lists more than %d things", maxEntries)
		}
		var d ocispec.Descriptor
		if err := dec.Decode(&d); err != nil {
			return err
		}
		*l = append(*l, d)
	}
	return nil
}

func parseIndex(data []byte) (ocispec.Index, error) {
	v, err := parse[struct {
		ocispec.Index
		Manifests descriptors `json:"manifests"`
	}](data)
	v.Index.Manifests = v.Manifests
	return v.Index, err
}

func parseManifest(data []byte) (ocispec.Manifest, error) {
	v, err := parse[struct {
		ocispec.Manifest
		Layers descriptors `json:"layers"`
	}](data)
	v.Manifest.Layers = v.Layers
	return v.Manifest, err
}

// parse reads JSON that has no fields but those of T. That it has no field
// twice, and no other oddity, shows when the bundle is held against its own
// re-encoding.
func parse[T any](data []byte) (T, error) {
	var v T
	if len(data) > maxJSON {
		return v, fmt.Errorf("it is longer than %d bytes", maxJSON)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return v, fmt.Errorf("it is not JSON of the expected form: %s", text.Safe(err.Error()))
	}
	return v, nil
}
