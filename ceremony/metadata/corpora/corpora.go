// Package corpora holds real metadata and attestations of other projects, for
// the tests of all packages: testdata/README.md says where each is from. It
// knows nothing of what the files mean. Call [Metadata] first.
package corpora

import (
	"compress/gzip"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir is a copy of the folder, for programs that read files.
func Dir(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := Unpack(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Metadata reads all metadata below a folder of the corpora, by its path there.
func Metadata(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := walk(filepath.FromSlash(folder), func(path string, b []byte) error {
		if filepath.Ext(path) == ".json" {
			files[filepath.ToSlash(path)] = b
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of metadata in %s: %v", len(files), folder, err)
	}
	return files
}

// Unpack writes the whole folder into dir.
func Unpack(dir string) error {
	return walk("", func(path string, b []byte) error {
		to := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		return os.WriteFile(to, b, 0o600)
	})
}

// walk gives each file below a folder to visit, by its path there. What is
// compressed is given as it was before.
func walk(folder string, visit func(path string, b []byte) error) error {
	root, err := find()
	if err != nil {
		return err
	}
	root = filepath.Join(root, folder)
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := read(path)
		if err != nil {
			return err
		}
		path = strings.TrimPrefix(path, root+string(filepath.Separator))
		return visit(strings.TrimSuffix(path, ".gz"), b)
	})
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if filepath.Ext(path) != ".gz" {
		return io.ReadAll(f)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// find looks for the files in the module that the test is part of.
func find() (string, error) {
	module, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(module, "go.mod")); missing == nil {
			break
		}
		if module == filepath.Dir(module) {
			err = fs.ErrNotExist
		}
		module = filepath.Dir(module)
	}
	return filepath.Join(module, "ceremony", "metadata", "corpora", "testdata"), err
}
