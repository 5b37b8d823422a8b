package offline

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Written is a file that was written, synced, read back and compared.
type Written struct {
	Path   string
	Digest metadata.Digest
	Size   int64 // bytes
}

// reserve is what must stay free on a medium beside the file: room for its
// name and for the file system's own tables.
const reserve = 64 << 10

// Export writes data to the file name in the directory dir, which may be on a
// drive, and returns once the medium gave the same bytes back. It refuses,
// before anything is written, a name that some file system can't hold
// (*NameError), a file that is there and holds something else (*ExistsError)
// and a medium that is too full (*SpaceError). Where the medium gives back
// other bytes, the file is removed again and the error is a *DamagedError. ctx
// is asked until the writing begins.
func Export(ctx context.Context, dir, name string, data []byte) (Written, error) {
	return export(ctx, osDisk{}, dir, name, data)
}

func export(ctx context.Context, d disk, dir, name string, data []byte) (Written, error) {
	if err := CheckName(name); err != nil {
		return Written{}, err
	}
	path := filepath.Join(dir, name)
	if err := checkRoom(d, path, data); err != nil {
		return Written{}, err
	}
	if err := ctx.Err(); err != nil {
		return Written{}, fmt.Errorf("%s was not written: %w", name, err)
	}
	if err := writeWhole(d, path, data); err != nil {
		return Written{}, fmt.Errorf("%s was not written: %w", name, err)
	}
	back, err := d.ReadFile(path)
	if err != nil {
		return Written{}, fmt.Errorf("%s was written but can't be read back, don't rely on it: %w", name, err)
	}
	if !bytes.Equal(back, data) {
		_ = d.Remove(path) // so that nobody takes it for a good one
		return Written{}, &DamagedError{Path: path}
	}
	return Written{Path: path, Digest: metadata.Sum(back), Size: int64(len(back))}, nil
}

// checkRoom says whether the file may and can be written at path. Writing the
// same bytes again is fine, and makes sure of them.
func checkRoom(d disk, path string, data []byte) error {
	names, err := d.Names(filepath.Dir(path))
	if err != nil {
		return err
	}
	for _, n := range names {
		if !strings.EqualFold(n, filepath.Base(path)) {
			continue
		}
		there := filepath.Join(filepath.Dir(path), n)
		if old, err := d.ReadFile(there); err != nil || there != path || !bytes.Equal(old, data) {
			return &ExistsError{Path: there}
		}
	}
	free, err := d.Free(filepath.Dir(path))
	if err != nil {
		return err
	}
	if need := int64(len(data)) + reserve; free >= 0 && free < need {
		return &SpaceError{Dir: filepath.Dir(path), Need: need, Free: free}
	}
	return nil
}

// ExistsError: there is another file of that name, or of one that differs only
// in case.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("%s is there and is another file: it was not touched, and nothing was written", text.Safe(e.Path))
}

// Code names what happened, for people who look it up: a file that is not overwritten.
func (*ExistsError) Code() string { return "FILE-EXISTS" }

// SpaceError: the medium is too full.
type SpaceError struct {
	Dir        string
	Need, Free int64 // bytes
}

func (e *SpaceError) Error() string {
	return fmt.Sprintf("%s has %d bytes free, and %d are needed: nothing was written", text.Safe(e.Dir), e.Free, e.Need)
}

// Code names what happened, for people who look it up: a medium without room.
func (*SpaceError) Code() string { return "MEDIUM-FULL" }

// NameError: a file name that can't travel.
type NameError struct{ Name, Why string }

func (e *NameError) Error() string {
	return fmt.Sprintf("%q can't be a file's name: %s; nothing was written", text.Safe(e.Name), e.Why)
}

// Code names what happened, for people who look it up: a file name that can't travel.
func (*NameError) Code() string { return "FILE-NAME" }

const maxName = 255 // bytes: the shortest limit of the file systems in use

// CheckName returns a *NameError for a file name that FAT, Windows or a
// careless shell would take for something else.
func CheckName(name string) error {
	why := ""
	switch stem, _, _ := strings.Cut(name, "."); {
	case name == "":
		why = "it is empty"
	case len(name) > maxName:
		why = fmt.Sprintf("it is longer than %d bytes", maxName)
	case strings.ContainsAny(name, `/\:*?"<>|`):
		why = `it has one of / \ : * ? " < > | in it`
	case strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r > 0x7e }):
		why = "it has a character that is no printable ASCII"
	case strings.HasPrefix(name, "."), strings.HasPrefix(name, "-"), strings.HasPrefix(name, " "):
		why = "it begins with a dot, a dash or a space"
	case strings.HasSuffix(name, "."), strings.HasSuffix(name, " "):
		why = "it ends in a dot or a space"
	case reserved(stem):
		why = "Windows takes it for a device"
	}
	if why != "" {
		return &NameError{Name: name, Why: why}
	}
	return nil
}

// reserved knows the device names of DOS, which an extension does not change.
func reserved(stem string) bool {
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' && stem[3] <= '9'
}
