package offline_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/offline"
)

// plant makes files in a directory of its own, by their paths.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTree(t *testing.T) {
	dir := plant(t, map[string]string{"b/c/tool.tgz": "tool", "a.txt": "a", "b/d": "dd"})
	list, err := offline.Tree(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, n := range list {
		paths = append(paths, n.Path)
	}
	if !slices.Equal(paths, []string{"a.txt", "b/c/tool.tgz", "b/d"}) {
		t.Errorf("paths: %v", paths)
	}
	if list[1].SHA256 != metadata.Sum([]byte("tool")) || list[1].Length != 4 {
		t.Errorf("%+v", list[1])
	}
	names, err := offline.Folders(dir)
	if err != nil || !slices.Equal(names, []string{"b"}) {
		t.Errorf("%v, %v", names, err)
	}
}

// What is no plain file, or has no path that a target can have, is named.
func TestTreesThatAreRefused(t *testing.T) {
	outside := plant(t, map[string]string{"secret": "s"})
	for name, c := range map[string]struct {
		files map[string]string
		spoil func(dir string) error
		why   string
	}{
		"nothing":        {nil, nil, "no file"},
		"a link":         {map[string]string{"a": "a"}, func(d string) error { return os.Symlink(filepath.Join(outside, "secret"), filepath.Join(d, "link")) }, "link: it is neither"},
		"a linked tree":  {map[string]string{"a": "a"}, func(d string) error { return os.Symlink(outside, filepath.Join(d, "tree")) }, "tree: it is neither"},
		"an empty file":  {map[string]string{"a": "a", "b/empty": ""}, nil, "b/empty: it is empty"},
		"a control byte": {map[string]string{"a\x1b[2J": "a"}, nil, `a\x1b[2J: the path holds`},
		"a backslash":    {map[string]string{`a\b`: "a"}, nil, "between slashes"},
	} {
		dir := plant(t, c.files)
		if c.spoil != nil {
			if err := c.spoil(dir); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := offline.Tree(t.Context(), dir); err == nil || !strings.Contains(err.Error(), c.why) || list != nil {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

func TestTreeStops(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := offline.Tree(stopped, plant(t, map[string]string{"a": "a"})); !errors.Is(err, context.Canceled) {
		t.Errorf("it went on: %v", err)
	}
}
