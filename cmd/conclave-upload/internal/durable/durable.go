package durable

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
)

// Replace writes the file name, with slashes, below root, whatever stood there,
// and returns once it is durable. A reader sees the old file or the new one.
// Directories that are missing are made. Nothing outside root is reached.
func Replace(root *os.Root, name string, content []byte) error {
	return ReplaceFrom(root, name, bytes.NewReader(content))
}

// ReplaceFrom is Replace with what r gives. Where r fails, the old file stays.
func ReplaceFrom(root *os.Root, name string, r io.Reader) error {
	dir := path.Dir(name)
	if err := root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	unfinished := path.Join(dir, ".unfinished-"+rand.Text())
	if err := create(root, unfinished, r, 0o644); err != nil {
		return err
	}
	if err := root.Rename(unfinished, name); err != nil {
		return errors.Join(err, root.Remove(unfinished))
	}
	return syncDirs(root, dir)
}

// Create writes the file name in root, which must not exist: fs.ErrExist. What
// could not be written whole is removed.
func Create(root *os.Root, name string, content []byte, perm fs.FileMode) error {
	if err := create(root, name, bytes.NewReader(content), perm); err != nil {
		return err
	}
	return syncDirs(root, path.Dir(name))
}

func create(root *os.Root, name string, r io.Reader, perm fs.FileMode) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, root.Remove(name))
	}
	return nil
}

// syncDirs makes the names in dir durable, and dir's own name in the directory
// above it, up to root. Windows has no such call and needs none.
func syncDirs(root *os.Root, dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	for ; ; dir = path.Dir(dir) {
		d, err := root.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
		if dir == "." {
			return nil
		}
	}
}
