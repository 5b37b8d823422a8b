package offline

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Workspace is a directory that holds one site's journal (journal.jsonl) and
// the blobs that it names (blobs/sha256). One process has it at a time. It is
// not safe for concurrent use.
type Workspace struct {
	disk    disk
	dir     string
	release func() error

	journal appender // nil: what the file holds has to be looked at first
	lines   []byte   // what Append has promised
	torn    journal.Torn
	swept   []string
}

var _ journal.Workspace = (*Workspace)(nil)

// OpenWorkspace opens the workspace in dir, and makes it if need be. It
// returns a *LockedError where another process has it.
func OpenWorkspace(dir string) (*Workspace, error) {
	w, err := openWorkspace(osDisk{}, dir)
	if err == nil {
		w.swept = Sweep(w.blobDir(), isBlob)
	}
	return w, err
}

func isBlob(name string) bool {
	_, err := metadata.ParseDigest(name)
	return err == nil
}

// Swept are the files that Sweep removed from the workspace as it was opened.
func (w *Workspace) Swept() []string { return w.swept }

func openWorkspace(d disk, dir string) (*Workspace, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	w := &Workspace{disk: d, dir: dir}
	for _, path := range []string{dir, filepath.Join(dir, "blobs"), w.blobDir()} {
		if err := makeDir(d, path); err != nil {
			return nil, fmt.Errorf("the workspace was not opened: %w", err)
		}
	}
	if w.release, err = d.Lock(filepath.Join(dir, "lock")); err != nil {
		return nil, err
	}
	if err := w.openJournal(); err != nil {
		_ = w.Close()
		return nil, fmt.Errorf("the workspace was not opened: %w", err)
	}
	return w, nil
}

// Close lets another process have the workspace. Nothing waits to be written.
// A closed workspace takes nothing more.
func (w *Workspace) Close() error {
	if w.release == nil {
		return nil
	}
	if w.journal != nil {
		_ = w.journal.Close() // every line in it was synced
		w.journal = nil
	}
	release := w.release
	w.release = nil
	return release()
}

// Dir is where the workspace is.
func (w *Workspace) Dir() string { return w.dir }

func (w *Workspace) blobDir() string { return filepath.Join(w.dir, "blobs", "sha256") }

func (w *Workspace) blobPath(d metadata.Digest) string {
	return filepath.Join(w.blobDir(), d.String())
}

// Put keeps b under its SHA-256 and returns once it is durable. Putting the
// same bytes again is harmless, and repairs a blob that was damaged.
func (w *Workspace) Put(b []byte) (metadata.Digest, error) {
	d := metadata.Sum(b)
	if w.release == nil {
		return d, fmt.Errorf("not kept in the workspace: %w", fs.ErrClosed)
	}
	var err error
	if have, readErr := w.disk.ReadFile(w.blobPath(d)); readErr == nil && metadata.Sum(have) == d {
		// It was synced before it got its name; the name may be all that is not.
		err = w.disk.SyncDir(w.blobDir())
	} else {
		err = writeWhole(w.disk, w.blobPath(d), b)
	}
	if err != nil {
		return d, fmt.Errorf("not kept in the workspace: %w", err)
	}
	return d, nil
}

// Get returns the bytes whose SHA-256 is d. It wraps fs.ErrNotExist, or
// returns a *DamagedError where the file holds something else.
func (w *Workspace) Get(d metadata.Digest) ([]byte, error) {
	b, err := w.disk.ReadFile(w.blobPath(d))
	if err != nil {
		return nil, fmt.Errorf("not found in the workspace: %w", err)
	}
	if metadata.Sum(b) != d {
		return nil, &DamagedError{Path: w.blobPath(d)}
	}
	return b, nil
}

// LockedError: another process has the workspace.
type LockedError struct {
	Dir string
	PID int // 0: not known
}

func (e *LockedError) Error() string {
	who := "another program"
	if e.PID > 0 {
		who += fmt.Sprintf(" (process %d)", e.PID)
	}
	return fmt.Sprintf("%s has the workspace %s open: nothing was done", who, text.Safe(e.Dir))
}

// Code names what happened, for people who look it up: a workspace that another process has open.
func (*LockedError) Code() string { return "WORKSPACE-LOCKED" }

// DamagedError: a file holds something else than what was written.
type DamagedError struct{ Path string }

func (e *DamagedError) Error() string {
	return text.Safe(e.Path) + " is damaged: it does not hold what was written to it"
}

// Code names what happened, for people who look it up: a file that changed behind our back.
func (*DamagedError) Code() string { return "FILE-DAMAGED" }
