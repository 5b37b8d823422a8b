package bundles

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

const (
	maxImage  = 4 << 20 // bytes of an image's manifest, which no registry takes longer
	maxImages = 10_000
	maxBlobs  = 1_000_000 // entries of a layout in a tar
)

// Images reads what an OCI image layout holds, in a directory or in an
// uncompressed tar, as targets: for each descriptor of its index.json the name
// that it gives the image (org.opencontainers.image.ref.name) as the path, and
// the digest, length and media type of the manifest (OCI image specification
// 1.1, "OCI Image Layout Specification"). The manifest has to be there, and to
// be what the descriptor says; layers are not looked at. An image that has no
// name, or none that a target can have, is refused and named.
func Images(name string) ([]trust.NewTarget, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("the images were not read: %w", err)
	}
	var l imageLayout
	switch {
	case info.IsDir():
		l, err = layoutInDirectory(name)
	case info.Mode().IsRegular():
		l, err = layoutInTar(name)
	default:
		err = errors.New("it is neither a file nor a directory")
	}
	var list []trust.NewTarget
	if err == nil {
		list, err = l.targets()
	}
	if err != nil {
		return nil, fmt.Errorf("the images of %s were not taken: %w", text.Safe(path.Base(name)), err)
	}
	return list, nil
}

// imageLayout is what of a layout matters for targets.
type imageLayout struct {
	index []byte
	blobs map[metadata.Digest]manifestBlob // by what their names say
}

// imageIndex is what of an index matters for targets.
type imageIndex struct {
	Manifests foreign `json:"manifests"`
}

// manifestBlob is what a blob really is.
type manifestBlob struct {
	size int64
	sum  metadata.Digest
}

func (l imageLayout) targets() ([]trust.NewTarget, error) {
	var index imageIndex
	if err := json.Unmarshal(l.index, &index); err != nil {
		return nil, fmt.Errorf("%s is no index of images: %s", indexFile, text.Safe(err.Error()))
	}
	if n := len(index.Manifests); n == 0 || n > maxImages {
		return nil, fmt.Errorf("%s lists %d images, and 1 to %d are expected", indexFile, n, maxImages)
	}
	list := make([]trust.NewTarget, 0, len(index.Manifests))
	seen := map[string]bool{}
	for i, d := range index.Manifests {
		t, err := l.target(d)
		if err == nil && seen[t.Path] {
			err = fmt.Errorf("its name %s is that of another image, too", text.Safe(t.Path))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: manifests[%d]: %w", indexFile, i, err)
		}
		seen[t.Path] = true
		list = append(list, t)
	}
	return list, nil
}

func (l imageLayout) target(d ocispec.Descriptor) (trust.NewTarget, error) {
	t := trust.NewTarget{Path: d.Annotations[ocispec.AnnotationRefName], Length: d.Size, MediaType: d.MediaType}
	if t.Path == "" {
		return t, fmt.Errorf("the image has no name (%s): list it with a path instead", ocispec.AnnotationRefName)
	}
	if err := trust.CheckTargetPath(t.Path); err != nil {
		return t, fmt.Errorf("its name %s: %w", text.Safe(t.Path), err)
	}
	var err error
	if t.SHA256, err = metadata.ParseDigest(string(d.Digest)); err != nil {
		return t, fmt.Errorf("%s: %w", text.Safe(t.Path), err)
	}
	switch blob, ok := l.blobs[t.SHA256]; {
	case !ok:
		return t, fmt.Errorf("the manifest of %s is not in the layout, or longer than %d bytes", text.Safe(t.Path), maxImage)
	case blob.sum != t.SHA256:
		return t, fmt.Errorf("the manifest of %s has another SHA-256 than its descriptor says", text.Safe(t.Path))
	case blob.size != d.Size:
		return t, fmt.Errorf("the manifest of %s has %d bytes, and its descriptor says %d", text.Safe(t.Path), blob.size, d.Size)
	}
	return t, nil
}

func layoutInDirectory(dir string) (imageLayout, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return imageLayout{}, err
	}
	defer root.Close()
	blobs := map[metadata.Digest]manifestBlob{}
	index, err := ReadIn(root, indexFile, maxImage)
	if err != nil {
		return imageLayout{}, err
	}
	if _, err := ReadIn(root, layoutFile, maxImage); err != nil {
		return imageLayout{}, err
	}
	var listed imageIndex
	if err := json.Unmarshal(index, &listed); err == nil && len(listed.Manifests) <= maxImages {
		for _, d := range listed.Manifests {
			sum, err := metadata.ParseDigest(string(d.Digest))
			if err != nil {
				continue // it is refused by name
			}
			data, err := ReadIn(root, blobDir+sum.String(), maxImage)
			if err != nil {
				return imageLayout{}, err
			}
			blobs[sum] = manifestBlob{int64(len(data)), metadata.Sum(data)}
		}
	}
	return imageLayout{index, blobs}, nil
}

// layoutInTar reads a tar once. Of blobs it keeps the hash and the length.
func layoutInTar(name string) (imageLayout, error) {
	f, err := OpenFile(name)
	if err != nil {
		return imageLayout{}, err
	}
	defer f.Close()
	l := imageLayout{blobs: map[metadata.Digest]manifestBlob{}}
	isLayout := false
	entries := tar.NewReader(f)
	for n := 0; ; n++ {
		h, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return l, fmt.Errorf("it is no tar that can be read (a compressed one is not): %w", err)
		}
		entry := path.Clean(h.Name)
		if n == maxBlobs {
			return l, fmt.Errorf("it has more than %d entries", maxBlobs)
		}
		if h.Typeflag != tar.TypeReg || h.Size > maxImage {
			continue // a directory; a layer
		}
		data, err := io.ReadAll(entries)
		if err != nil {
			return l, err
		}
		sum, notBlob := metadata.ParseDigest("sha256:" + strings.TrimPrefix(entry, blobDir))
		switch {
		case entry == indexFile && l.index != nil:
			return l, fmt.Errorf("it holds two files %s", indexFile)
		case entry == indexFile:
			l.index = data
		case entry == layoutFile:
			isLayout = true
		case strings.HasPrefix(entry, blobDir) && notBlob == nil:
			l.blobs[sum] = manifestBlob{h.Size, metadata.Sum(data)}
		}
	}
	if l.index = bytes.TrimSpace(l.index); !isLayout || len(l.index) == 0 {
		return l, errors.New("it is no OCI image layout")
	}
	return l, nil
}
