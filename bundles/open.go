package bundles

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Open reads the bundle at path. The file is opened once, without following a
// link, read once through that one descriptor, and never looked at again: what
// was checked is what is returned. It returns an *Error for a file that is no
// bundle, and wraps fs.ErrNotExist and the like.
func Open(path string) (*Bundle, error) {
	data, err := ReadFile(path, maxSize)
	if file, ok := errors.AsType[*FileError](err); ok {
		return nil, &Error{Path: path, Why: file.Why}
	}
	if err != nil {
		return nil, err
	}
	b, err := Decode(data)
	var bad *Error
	if errors.As(err, &bad) {
		bad.Path = path
	} else if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return b, err
}

// ReadFile reads a file that a stranger handed over, as OpenFile opens it, of at
// most limit bytes.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readOnce(f, path, limit)
}

// ReadIn is ReadFile for a file below a directory, from which no link leads out.
func ReadIn(dir *os.Root, name string, limit int64) ([]byte, error) {
	named, err := dir.Lstat(name)
	if err != nil {
		return nil, err
	}
	if named.Mode()&os.ModeSymlink != 0 {
		return nil, errLink(name)
	}
	f, err := dir.OpenFile(name, os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if opened, err := f.Stat(); err != nil || !os.SameFile(named, opened) {
		return nil, &FileError{Path: name, Why: "another file took its place while it was opened"}
	}
	if err := regular(f, name); err != nil {
		return nil, err
	}
	return readOnce(f, name, limit)
}

// OpenFile opens a file that a stranger handed over: a regular one that is
// reachable under this name only, so neither a symbolic link nor a hard link to
// something else. It never waits for a pipe or a device. Any other is refused
// with a *FileError.
func OpenFile(path string) (*os.File, error) {
	f, err := openNoFollow(path)
	if err != nil {
		return nil, err
	}
	if err := regular(f, path); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func regular(f *os.File, path string) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &FileError{Path: path, Why: "it is no regular file"}
	case links(info) > 1:
		return &FileError{Path: path, Why: "the file has another name elsewhere (a hard link); copy it and take the copy"}
	}
	return nil
}

// readOnce reads all of an open file that has at most limit bytes.
func readOnce(f *os.File, path string, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	no := func(why string) error { return &FileError{Path: path, Why: why} }
	if info.Size() > limit {
		return nil, no(fmt.Sprintf("it has %d bytes, and at most %d are allowed", info.Size(), limit))
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, no("it became shorter while it was read")
	}
	if n, err := f.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, no("it grew while it was read")
	}
	return data, nil
}

// FileError: a file is none that is read from a stranger. Its text is safe to
// show.
type FileError struct{ Path, Why string }

func (e *FileError) Error() string { return "the file " + text.Safe(e.Path) + ": " + e.Why }

// Code names what happened, for people who look it up.
func (*FileError) Code() string { return "FILE-REFUSED" }

// errLink is what opening a symbolic link comes to.
func errLink(path string) error {
	return &FileError{Path: path, Why: "it is a symbolic link; name the file itself"}
}
