package offline

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/conclave-tuf/conclave/ceremony/journal"
)

func (w *Workspace) journalPath() string { return filepath.Join(w.dir, "journal.jsonl") }

// Append writes line, which ends in its only newline, and returns once it is
// durable. After an error the line is not part of Lines, and the next Append
// first takes off the file whatever the failed one left there. Where even that
// fails and the program ends, the line may be found when the workspace is
// opened again.
func (w *Workspace) Append(line []byte) error {
	if end := bytes.IndexByte(line, '\n'); end != len(line)-1 || len(line) < 2 || bytes.IndexByte(line, 0) >= 0 {
		return errors.New("not recorded in the journal: it is not one whole line")
	}
	if w.journal == nil {
		if err := w.openJournal(); err != nil {
			return fmt.Errorf("not recorded in the journal: %w", err)
		}
	}
	_, err := w.journal.Write(line)
	if err == nil {
		err = w.journal.Sync()
	}
	if err != nil {
		// After a failed sync the kernel may call pages clean that never
		// reached the medium: this descriptor is not to be trusted again.
		_ = w.journal.Close()
		w.journal = nil
		_ = w.openJournal() // at once, if it can be; else before the next line
		return fmt.Errorf("not recorded in the journal: %w", err)
	}
	w.lines = append(w.lines, line...)
	return nil
}

// Lines returns all whole lines that are durable, in order.
func (w *Workspace) Lines() ([]byte, error) { return bytes.Clone(w.lines), nil }

// Torn is the last line that was not whole, and was cut off when the workspace
// was opened. Nothing had been told that it happened.
func (w *Workspace) Torn() journal.Torn { return w.torn }

// openJournal makes the file hold exactly the lines that count: at first those
// that are whole, later those that Append has promised.
func (w *Workspace) openJournal() error {
	if w.release == nil {
		return fs.ErrClosed
	}
	f, err := w.disk.Append(w.journalPath())
	if err != nil {
		return err
	}
	lines, err := w.settle(f)
	if err != nil {
		_ = f.Close()
		return err
	}
	w.journal, w.lines = f, lines
	return nil
}

// settle returns the lines that count once they, and no others, are durable.
func (w *Workspace) settle(f appender) ([]byte, error) {
	found, err := w.disk.ReadFile(w.journalPath())
	if err != nil {
		return nil, err
	}
	lines := w.lines
	switch {
	case lines == nil:
		lines, w.torn = journal.Split(found)
		lines = append([]byte{}, lines...)
	case !bytes.HasPrefix(found, lines):
		return nil, &DamagedError{Path: w.journalPath()}
	}
	if len(found) > len(lines) {
		if err := f.Truncate(int64(len(lines))); err != nil {
			return nil, err
		}
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	return lines, w.disk.SyncDir(w.dir)
}
