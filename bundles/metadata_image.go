package bundles

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Limits of an image that others made.
const (
	maxImageFiles = 40_000   // metadata files
	maxImageFile  = 64 << 20 // bytes
	maxImageDepth = 4        // indexes within indexes
)

// IsImage says whether a directory is an OCI image layout (OCI image
// specification 1.1, "OCI Image Layout").
func IsImage(dir fs.FS) bool {
	info, err := fs.Stat(dir, ocispec.ImageLayoutFile)
	return err == nil && info.Mode().IsRegular()
}

// ReadImage returns the TUF metadata in an OCI image layout, by file name: of
// every manifest in it the layers that are application/vnd.tuf.metadata+json
// and say what they are called, which is how metadata lies in registries. Two
// different files of one name stand under their digests. What is not what its
// descriptor says is an *Error; nothing is verified beyond that. dir must not
// lead out of itself by links, as that of an [os.Root] does not.
func ReadImage(dir fs.FS) (map[string][]byte, error) {
	r := imageReader{dir: dir, files: map[string][]byte{}, seen: map[digest.Digest]bool{}}
	index, err := r.read(ocispec.ImageIndexFile, maxJSON)
	if err != nil {
		return nil, err
	}
	if err := r.manifest(ocispec.ImageIndexFile, ocispec.MediaTypeImageIndex, index, 0); err != nil {
		return nil, err
	}
	if len(r.files) == 0 {
		return nil, refuse(ocispec.ImageIndexFile, "no manifest in it has a layer of TUF metadata with a name")
	}
	return r.files, nil
}

type imageReader struct {
	dir   fs.FS
	files map[string][]byte
	seen  map[digest.Digest]bool // manifests
	size  int
}

// manifest reads an index or an image manifest, and what it lists.
func (r *imageReader) manifest(name, mediaType string, text []byte, depth int) error {
	var m struct {
		Manifests foreign `json:"manifests"`
		Layers    foreign `json:"layers"`
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return refuse(name, "%v", err)
	}
	if mediaType == ocispec.MediaTypeImageManifest {
		return r.layers(m.Layers)
	}
	if depth == maxImageDepth {
		return refuse(name, "it is an index in an index, more than %d deep", maxImageDepth)
	}
	for _, d := range m.Manifests {
		if r.seen[d.Digest] || d.MediaType != ocispec.MediaTypeImageManifest && d.MediaType != ocispec.MediaTypeImageIndex {
			continue
		}
		r.seen[d.Digest] = true
		blob, err := r.blob(d, maxJSON)
		if err != nil {
			return err
		}
		if err := r.manifest(d.Digest.String(), d.MediaType, blob, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (r *imageReader) layers(layers []ocispec.Descriptor) error {
	for _, d := range layers {
		name := d.Annotations[noteFileName]
		if d.MediaType != typeMetadata || name == "" {
			continue
		}
		if !fileName(name) {
			return refuse(name, "a metadata file can't have that name")
		}
		data, err := r.blob(d, maxImageFile)
		if err != nil {
			return err
		}
		if other, clash := r.files[name]; clash && string(other) != string(data) {
			name = d.Digest.Encoded() + "/" + name
		}
		if _, again := r.files[name]; !again {
			r.size += len(data)
		}
		r.files[name] = data
		if len(r.files) > maxImageFiles || r.size > maxSize {
			return refuse(name, "with it there are more than %d files, or more than %d bytes", maxImageFiles, maxSize)
		}
	}
	return nil
}

// blob reads what a descriptor speaks of, and holds it against that.
func (r *imageReader) blob(d ocispec.Descriptor, limit int) ([]byte, error) {
	if d.Digest.Validate() != nil || d.Digest.Algorithm() != digest.SHA256 {
		return nil, refuse(ocispec.ImageIndexFile, "%q is no SHA-256 of a blob", text.Safe(d.Digest.String()))
	}
	name := blobDir + d.Digest.Encoded()
	data, err := r.read(name, limit)
	if err != nil {
		return nil, err
	}
	if int64(len(data)) != d.Size || metadata.Sum(data).String() != d.Digest.Encoded() {
		return nil, refuse(name, "its content has another SHA-256 or length than its descriptor says")
	}
	return data, nil
}

// read reads a regular file of at most limit bytes.
func (r *imageReader) read(name string, limit int) ([]byte, error) {
	info, err := fs.Stat(r.dir, name) // before it is opened, which would wait for a pipe
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse(name, "it is missing")
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > int64(limit) {
		return nil, refuse(name, "it is no regular file of at most %d bytes", limit)
	}
	f, err := r.dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%s was not read: %w", name, err)
	}
	if len(data) > limit {
		return nil, refuse(name, "it is longer than %d bytes", limit)
	}
	return data, nil
}
