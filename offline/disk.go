package offline

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
)

// disk is what a workspace and an export ask of a file system. Each call that
// changes something is a step before and after which the power may fail; what
// may be lost then is said here, and nothing else is relied on.
type disk interface {
	// Mkdir makes a directory (0700). It lasts once its parent is synced.
	Mkdir(path string) error
	// Append opens a file for appending, and makes it (0600) if need be. Its
	// name lasts once the directory is synced, what is written once the file is.
	Append(path string) (appender, error)
	// Replace begins a file (0600) that takes path's place as a whole. It lasts
	// once the directory is synced.
	Replace(path string) (replacement, error)
	Remove(path string) error
	SyncDir(path string) error

	// ReadFile reads a file, from the medium rather than from memory where the
	// system can be asked to. It follows no link.
	ReadFile(path string) ([]byte, error)
	// Names lists a directory.
	Names(dir string) ([]string, error)
	// Free is how many bytes can be written below dir; negative: not known.
	Free(dir string) (int64, error)
	// Lock takes path for this process alone, until release is called or the
	// process ends. It returns a *LockedError where another one has it.
	Lock(path string) (release func() error, err error)
}

// appender is an *os.File.
type appender interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

// replacement is a *renameio.PendingFile: CloseAtomicallyReplace syncs, closes
// and renames; Cleanup undoes what was begun, and does nothing after success.
type replacement interface {
	io.Writer
	CloseAtomicallyReplace() error
	Cleanup() error
}

// makeDir makes path and what is missing above it, durably. What exists is
// synced too: it may have been made a moment ago, by a run that was cut short.
func makeDir(d disk, path string) error {
	parent := filepath.Dir(path)
	if parent == path {
		return nil
	}
	if err := makeDir(d, parent); err != nil {
		return err
	}
	err := d.Mkdir(path)
	existed := errors.Is(err, fs.ErrExist)
	if err != nil && !existed {
		return err
	}
	if err := d.SyncDir(parent); err != nil && !(existed && errors.Is(err, fs.ErrPermission)) {
		return err // where we may not even look, we made nothing
	}
	return nil
}

// writeWhole makes data the content of path: after a power cut there is what
// was there before or all of data, and once it returns nil, data.
func writeWhole(d disk, path string, data []byte) error {
	f, err := d.Replace(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Cleanup() }() // what can't be removed is no one's file
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return d.SyncDir(filepath.Dir(path))
}
