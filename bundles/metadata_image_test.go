package bundles

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// image is an OCI image layout in memory.
type image struct {
	t   *testing.T
	dir fstest.MapFS
}

func newImage(t *testing.T) image {
	return image{t, fstest.MapFS{ocispec.ImageLayoutFile: {Data: layoutText()}}}
}

func (i image) put(mediaType string, data []byte) ocispec.Descriptor {
	d := describe(mediaType, data)
	i.dir[blobDir+d.Digest.Encoded()] = &fstest.MapFile{Data: data}
	return d
}

func (i image) json(mediaType string, v any) ocispec.Descriptor {
	i.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		i.t.Fatal(err)
	}
	return i.put(mediaType, text)
}

// manifest has a layer for each file, annotated as docker's are.
func (i image) manifest(files map[string][]byte) ocispec.Descriptor {
	m := ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, Config: i.put(ocispec.MediaTypeEmptyJSON, emptyConfig())}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		d := i.put(typeMetadata, files[name])
		d.Annotations = map[string]string{noteFileName: name}
		m.Layers = append(m.Layers, d)
	}
	return i.json(ocispec.MediaTypeImageManifest, m)
}

// index makes manifests the ones of the layout.
func (i image) index(manifests ...ocispec.Descriptor) image {
	d := i.json(ocispec.MediaTypeImageIndex, ocispec.Index{Manifests: manifests})
	i.dir[ocispec.ImageIndexFile] = i.dir[blobDir+d.Digest.Encoded()]
	return i
}

func TestReadImage(t *testing.T) {
	files := map[string][]byte{"1.root.json": []byte("root"), "timestamp.json": []byte("old")}
	role := map[string][]byte{"2.team.json": []byte("team"), "timestamp.json": []byte("new")}
	i := newImage(t)
	inner := i.json(ocispec.MediaTypeImageIndex, ocispec.Index{Manifests: []ocispec.Descriptor{i.manifest(role)}})
	i.index(i.manifest(files), inner, inner)
	if !IsImage(i.dir) || IsImage(fstest.MapFS{}) {
		t.Error("it is not known for what it is")
	}
	got, err := ReadImage(i.dir)
	if err != nil {
		t.Fatal(err)
	}
	clash := metadata.Sum([]byte("new")).String() + "/timestamp.json"
	if want := []string{"1.root.json", "2.team.json", clash, "timestamp.json"}; !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("got %v", slices.Sorted(maps.Keys(got)))
	}
}

func TestReadImageRefuses(t *testing.T) {
	files := map[string][]byte{"1.root.json": []byte("root")}
	blob := blobDir + metadata.Sum([]byte("root")).String()
	for name, spoil := range map[string]func(i image){
		"no index":              func(i image) { delete(i.dir, ocispec.ImageIndexFile) },
		"an index that is none": func(i image) { i.dir[ocispec.ImageIndexFile] = &fstest.MapFile{Data: []byte("[]")} },
		"nothing in it":         func(i image) { i.index() },
		"a blob is missing":     func(i image) { delete(i.dir, blob) },
		"a blob of other bytes": func(i image) { i.dir[blob] = &fstest.MapFile{Data: []byte("toor")} },
		"a blob that is longer": func(i image) { i.dir[blob] = &fstest.MapFile{Data: []byte("root root")} },
		"a name with a path":    func(i image) { i.index(i.manifest(map[string][]byte{"../1.root.json": []byte("root")})) },
		"indexes without end": func(i image) {
			d := i.manifest(files)
			for range 9 {
				d = i.json(ocispec.MediaTypeImageIndex, ocispec.Index{Manifests: []ocispec.Descriptor{d}})
			}
			i.index(d)
		},
		"a digest that leads elsewhere": func(i image) {
			d := i.manifest(files)
			d.Digest = "sha256:../../x"
			i.index(d)
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := newImage(t)
			i.index(i.manifest(files))
			spoil(i)
			var refused *Error
			if _, err := ReadImage(i.dir); !errors.As(err, &refused) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestAdoptImage: Docker's repository, as an image of which each delegated role
// is an image of its own, is adopted as it is from a directory.
func TestAdoptImage(t *testing.T) {
	flat, top := corpora.Metadata(t, "docker/metadata"), map[string][]byte{}
	maps.DeleteFunc(flat, func(name string, _ []byte) bool { return strings.Contains(name, "/") }) // an image has no folders
	i := newImage(t)
	var manifests []ocispec.Descriptor
	for name, b := range flat {
		if strings.Contains("doi.json rekor.json testing.json", name) {
			role, err := metadata.ParseFile(b, metadata.Adopted)
			if err != nil {
				t.Fatal(err)
			}
			manifests = append(manifests, i.manifest(map[string][]byte{fmt.Sprintf("%d.%s", role.Version, name): b}))
		} else {
			top[name] = b
		}
	}
	i.index(append(manifests, i.manifest(top))...)
	files, err := ReadImage(i.dir)
	if err != nil {
		t.Fatal(err)
	}
	a, err := trust.Adopt(files, "docker")
	if err != nil {
		t.Fatal(err)
	}
	b, err := trust.Adopt(flat, "docker")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(a.Contents.Published, b.Contents.Published, equalFiles) || len(a.Findings) != len(b.Findings) {
		t.Errorf("%d files and %d findings from an image, %d and %d from a directory", len(a.Contents.Published), len(a.Findings), len(b.Contents.Published), len(b.Findings))
	}
}

func FuzzReadImage(f *testing.F) {
	f.Add([]byte(`{"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:00","size":2}]}`))
	f.Add([]byte(`{"manifests":null}`))
	f.Fuzz(func(t *testing.T, index []byte) {
		files, err := ReadImage(fstest.MapFS{ocispec.ImageIndexFile: {Data: index}})
		if err == nil || files != nil {
			t.Errorf("files out of nothing: %v", files)
		}
	})
}
