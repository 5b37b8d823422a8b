package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/plan"
	"github.com/conclave-tuf/conclave/ceremony/schedule"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/hsm"
)

// readOnly is the workspace in a directory, for looking at it while a ceremony
// may be going on there: nothing is locked, made or written.
type readOnly struct{ dir string }

var errReadOnly = errors.New("the workspace was opened to be read only")

func (w readOnly) Append([]byte) error                 { return errReadOnly }
func (w readOnly) Put([]byte) (metadata.Digest, error) { return metadata.Digest{}, errReadOnly }

// Lines leaves out a last line that is not whole: it is being written, or a
// power cut has torn it.
func (w readOnly) Lines() ([]byte, error) {
	lines, _, err := w.read()
	return lines, err
}

func (w readOnly) read() ([]byte, journal.Torn, error) {
	file, err := bundles.ReadFile(filepath.Join(w.dir, journalName), maxMetadataFile)
	lines, torn := journal.Split(file)
	return lines, torn, err
}

func (w readOnly) Get(d metadata.Digest) ([]byte, error) {
	b, err := bundles.ReadFile(filepath.Join(w.dir, "blobs", "sha256", d.String()), maxMetadataFile)
	if err == nil && metadata.Sum(b) != d {
		err = fmt.Errorf("the blob %s of the workspace is damaged", d)
	}
	return b, err
}

// open replays the journal of the workspace, as seen at a time.
func (w readOnly) open(at time.Time) (*ceremony.Ceremony, error) {
	held, err := ceremony.Open(depsToLook(w, at))
	if err != nil {
		return nil, fmt.Errorf("the workspace %s: %w", w.dir, err)
	}
	return held, nil
}

// depsToLook are those of a ceremony that is only looked at, at a time.
func depsToLook(w journal.Workspace, at time.Time) ceremony.Deps {
	return ceremony.Deps{
		Workspace: w, Now: func() time.Time { return at }, Rand: rand.Reader, Attestations: hsm.Checker{}, Tool: "conclave " + version,
	}
}

// contents is what a bundle of the workspace would hold.
func (w readOnly) contents(at time.Time) (trust.Contents, error) {
	held, err := w.open(at)
	if err != nil {
		return trust.Contents{}, err
	}
	return held.Contents()
}

// scheduleAt reads what is at path: a bundle, a workspace, or metadata. margin
// is in days; unless it was asked for, a plan's own one comes before it.
func scheduleAt(path string, at time.Time, margin int, asked bool) (*schedule.Schedule, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	var contents trust.Contents
	switch {
	case !info.IsDir() && filepath.Ext(path) == ".tar":
		b, err := bundles.Open(path)
		if err != nil {
			return nil, err
		}
		contents = b.Contents
	case isWorkspace(path):
		if contents, err = (readOnly{path}).contents(at); err != nil {
			return nil, err
		}
	default:
		found, err := findMetadata(path, info.IsDir())
		if err != nil {
			return nil, err
		}
		return schedule.OfFound(found, at, margin)
	}
	if planned, ok := plan.MarginIn(contents.Journals); ok && !asked {
		margin = planned
	}
	return schedule.Of(contents, at, margin)
}

func isWorkspace(path string) bool {
	info, err := os.Stat(filepath.Join(path, journalName))
	return err == nil && info.Mode().IsRegular()
}
