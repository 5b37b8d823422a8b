// Package corpora finds real metadata and attestations of other projects, for
// tests. They lie beside the module, at ../shared/corpora, and those who put
// them there ask that they are not copied into it. Where they are absent a test
// is skipped, saying so; that a control is not held then, "make test" says.
package corpora

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir is the folder. A test that calls it ends where there is none.
func Dir(t testing.TB) string {
	t.Helper()
	dir, found := Find()
	if !found {
		t.Skip("the corpora are not beside the project")
	}
	return dir
}

// Find looks for the folder beside the module that the test is part of.
func Find() (dir string, found bool) {
	module, err := os.Getwd()
	if err != nil {
		return "", false
	}
	for !exists(filepath.Join(module, "go.mod")) {
		if module == filepath.Dir(module) {
			return "", false
		}
		module = filepath.Dir(module)
	}
	dir = filepath.Join(filepath.Dir(module), "shared", "corpora")
	return dir, exists(dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Metadata reads all metadata below a folder of the corpora, by its path there.
func Metadata(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	root := filepath.Join(Dir(t), filepath.FromSlash(folder))
	files := map[string][]byte{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".json" {
			return err
		}
		b, err := os.ReadFile(path)
		files[filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))] = b
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of metadata in %s: %v", len(files), folder, err)
	}
	return files
}
