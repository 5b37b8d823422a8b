package bundles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestOpen(t *testing.T) {
	b := encode(t, sample(t))
	path := filepath.Join(t.TempDir(), Name(b.Contents, b.Digest))
	write(t, path, b.Bytes)
	got, err := Open(path)
	if must(t, got, err).Digest != b.Digest {
		t.Error("another digest")
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	b := encode(t, sample(t))
	good := filepath.Join(dir, "good.tar")
	write(t, good, b.Bytes)

	link := filepath.Join(dir, "link.tar")
	if err := os.Symlink(good, link); err != nil {
		lacks(t, "no symbolic links here:", err)
	}
	_, err := Open(link)
	refused(t, err, "symbolic link", "link.tar")

	_, err = Open(dir)
	if err == nil {
		t.Error("a directory was opened")
	}

	flipped := filepath.Join(dir, "flipped\x1b[2J.tar")
	write(t, flipped, append([]byte{1}, b.Bytes[1:]...))
	_, err = Open(flipped)
	refused(t, err, `flipped\x1b[2J.tar`)

	long := filepath.Join(dir, "long.tar")
	write(t, long, nil)
	if err := os.Truncate(long, maxSize+1); err != nil { // a sparse file: free to make
		t.Fatal(err)
	}
	_, err = Open(long)
	refused(t, err, "at most")

	if _, err := Open(filepath.Join(dir, "none.tar")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}

	if runtime.GOOS == "windows" {
		return
	}
	hard := filepath.Join(dir, "hard.tar")
	if err := os.Link(good, hard); err != nil {
		t.Fatal(err)
	}
	_, err = Open(hard)
	refused(t, err, "hard link")
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
