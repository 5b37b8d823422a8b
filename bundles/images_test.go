package bundles_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

const (
	ociManifest = `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}`
	ociLayout   = `{"imageLayoutVersion":"1.0.0"}`
)

// ociFiles are those of a layout with one image. change may spoil its index.
func ociFiles(change ...string) map[string]string {
	sum := metadata.Sum([]byte(ociManifest)).String()
	index := fmt.Sprintf(`{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json",`+
		`"digest":"sha256:%s","size":%d,"annotations":{"org.opencontainers.image.ref.name":"app:1.0"}}]}`, sum, len(ociManifest))
	return map[string]string{
		"oci-layout":          ociLayout,
		"index.json":          strings.NewReplacer(change...).Replace(index),
		"blobs/sha256/" + sum: ociManifest,
	}
}

func inDirectory(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "blobs/sha256"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func inTar(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range files {
		err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "./" + name, Size: int64(len(text)), Mode: 0o644})
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// layouts are a directory and a tar with the same files.
func layouts(t *testing.T, files map[string]string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "layout.tar")
	if err := os.WriteFile(path, inTar(t, files), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{inDirectory(t, files), path}
}

func TestImages(t *testing.T) {
	for _, path := range layouts(t, ociFiles()) {
		list, err := bundles.Images(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := list[0]; len(list) != 1 || n.Path != "app:1.0" || n.SHA256 != metadata.Sum([]byte(ociManifest)) ||
			n.Length != int64(len(ociManifest)) || n.MediaType != "application/vnd.oci.image.manifest.v1+json" {
			t.Errorf("%+v", list)
		}
	}
}

func TestImagesThatAreRefused(t *testing.T) {
	sum := metadata.Sum([]byte(ociManifest)).String()
	for name, c := range map[string]struct {
		files map[string]string
		why   string
	}{
		"no layout":       {map[string]string{"index.json": ociFiles()["index.json"]}, "layout"},
		"no name":         {ociFiles("ref.name", "ref.other"), "no name"},
		"a name upwards":  {ociFiles("app:1.0", "../app"), `a part ".."`},
		"another size":    {ociFiles(fmt.Sprintf(`"size":%d`, len(ociManifest)), `"size":7`), "its descriptor says 7"},
		"another digest":  {ociFiles(sum, strings.Repeat("0", 64)), ""},
		"no digest":       {ociFiles("sha256:", "md5:"), "SHA-256"},
		"no JSON":         {ociFiles(`"schemaVersion"`, ``), "index"},
		"nothing in it":   {map[string]string{"oci-layout": ociLayout, "index.json": `{"manifests":[]}`}, "0 images"},
		"too much in it":  {map[string]string{"oci-layout": ociLayout, "index.json": `{"manifests":[` + strings.Repeat("{},", 30_000) + `{}]}`}, "it lists more than 20000 things"},
		"the blob is bad": {map[string]string{"oci-layout": ociLayout, "index.json": ociFiles()["index.json"], "blobs/sha256/" + sum: strings.ToUpper(ociManifest)}, "another SHA-256"},
	} {
		for _, path := range layouts(t, c.files) {
			if list, err := bundles.Images(path); err == nil || !strings.Contains(err.Error(), c.why) || list != nil {
				t.Errorf("%s in %s: %v, %v", name, filepath.Base(path), list, err)
			}
		}
	}
	link := filepath.Join(t.TempDir(), "link.tar")
	if err := os.Symlink(layouts(t, ociFiles())[1], link); err != nil {
		t.Fatal(err)
	}
	if _, err := bundles.Images(link); err == nil {
		t.Error("a link was followed")
	}
}

func FuzzImages(f *testing.F) {
	f.Add(inTar(f, ociFiles()))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(dir, "layout.tar")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := bundles.Images(path)
		if (err == nil) == (len(list) == 0) {
			t.Errorf("%v, %v", list, err)
		}
	})
}
