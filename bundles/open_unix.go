//go:build unix

package bundles

import (
	"errors"
	"os"
	"syscall"
)

// noWait: a pipe is opened without waiting for its other end.
const noWait = syscall.O_NONBLOCK

// openNoFollow opens path unless it is a symbolic link, without waiting for
// the other end of a pipe.
func openNoFollow(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|noWait, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, errLink(path)
	}
	return f, err
}

// links is the number of names that the file has.
func links(info os.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Nlink)
	}
	return 1
}
