package bundles

import (
	"errors"
	"fmt"
	"io"
)

// Open reads the bundle at path. The file is opened once, without following a
// link, read once through that one descriptor, and never looked at again: what
// was checked is what is returned. It returns an *Error for a file that is no
// bundle, and wraps fs.ErrNotExist and the like.
func Open(path string) (*Bundle, error) {
	data, err := ReadFile(path, maxSize)
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

// ReadFile reads a file that a stranger handed over: a regular file of at most
// limit bytes that is reachable under this name only, so neither a symbolic
// link nor a hard link to something else. It never blocks on a pipe or device.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := openNoFollow(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	no := func(why string) error { return &Error{Path: path, Why: why} }
	switch {
	case !info.Mode().IsRegular():
		return nil, no("it is no regular file")
	case links(info) > 1:
		return nil, no("the file has another name elsewhere (a hard link); copy it and take the copy")
	case info.Size() > limit:
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

// errLink is what opening a symbolic link comes to.
func errLink(path string) error {
	return &Error{Path: path, Why: "it is a symbolic link; name the file itself"}
}
