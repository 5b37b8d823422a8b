package text

import (
	"errors"
	"io/fs"
	"strings"
)

// Error is what an error says, with what the system says of a file in words: not
// the name of the call that failed, which tells nothing to people.
func Error(err error) string {
	said := err.Error()
	path, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return said
	}
	words := Safe(path.Path) + ": " + path.Err.Error()
	reading := strings.HasPrefix(path.Op, "open") || strings.Contains(path.Op, "stat")
	switch {
	case errors.Is(path, fs.ErrNotExist) && reading:
		words = "there is no file " + Safe(path.Path)
	case errors.Is(path, fs.ErrPermission):
		words = "this user may not use " + Safe(path.Path)
	}
	return strings.Replace(said, path.Error(), words, 1)
}
