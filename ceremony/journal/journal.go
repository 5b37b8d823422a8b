package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Journal is one site's journal: whole lines, in order, never rewritten.
type Journal interface {
	// Append returns once line, which ends in a newline, is durable. After an
	// error the line may or may not be there: the journal must be read again.
	Append(line []byte) error
	// Lines returns everything appended, whole lines only.
	Lines() ([]byte, error)
}

// Blobs is a content-addressed store.
type Blobs interface {
	Put(b []byte) (metadata.Digest, error) // returns once durable
	Get(d metadata.Digest) ([]byte, error) // the bytes, checked against d
}

// Workspace is what a ceremony needs of the machine that it runs on.
type Workspace interface {
	Journal
	Blobs
}

// Entry is one line of a journal: the event, its number, when it happened, and
// the SHA-256 of the line before, newline included (zero for the first).
type Entry struct {
	N    int             `json:"n"`
	Time time.Time       `json:"time"`
	Prev metadata.Digest `json:"prev"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// ClockCorrected is the type of a line by which people said that the clock had
// been ahead: it alone may be of an earlier time than the line before.
const ClockCorrected = "clock-corrected"

// Error says which line of a journal can't be believed.
type Error struct {
	Line int // from 1
	Why  string
}

func (e *Error) Error() string {
	return fmt.Sprintf("journal line %d: %s; nothing after it can be believed", e.Line, e.Why)
}

// Read checks the chain of a journal and returns its entries and the
// digest of its last line. What an event means is not looked at: the journal of
// another site may hold events that this program doesn't know.
func Read(lines []byte) ([]Entry, metadata.Digest, error) {
	var entries []Entry
	var last metadata.Digest
	for n := 1; len(lines) > 0; n++ {
		end := bytes.IndexByte(lines, '\n')
		if end < 0 {
			return nil, last, &Error{n, "it does not end in a newline"}
		}
		line := lines[:end+1]
		lines = lines[end+1:]
		e, err := readEntry(line)
		if err != nil {
			return nil, last, &Error{n, err.Error()}
		}
		switch {
		case e.N != n:
			return nil, last, &Error{n, fmt.Sprintf("it is numbered %d", e.N)}
		case e.Prev != last:
			return nil, last, &Error{n, "it does not follow from the line before"}
		case n > 1 && e.Time.Before(entries[n-2].Time) && e.Type != ClockCorrected:
			return nil, last, &Error{n, "its time is before that of the line before"}
		}
		entries = append(entries, e)
		last = metadata.Sum(line)
	}
	return entries, last, nil
}

// readEntry takes a line only in the one form in which this package writes it,
// which rules out second keys, other spellings and trailing data at once.
func readEntry(line []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil {
		return e, fmt.Errorf("it is no journal entry: %w", err)
	}
	if again, err := e.Line(); err != nil || !bytes.Equal(again, line) {
		return e, fmt.Errorf("it is not written as a journal entry is")
	}
	return e, nil
}

// Line is the entry as it stands in a journal, with its newline.
func (e Entry) Line() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return b.Bytes(), err
}

// SiteID names a site's journal: the hex SHA-256 of its first line, "" for none.
func SiteID(lines []byte) string {
	if end := bytes.IndexByte(lines, '\n'); end >= 0 {
		return metadata.Sum(lines[:end+1]).String()
	}
	return ""
}

// Longer returns the longer of two states of one site's journal; the
// shorter must be its beginning, else it is a *ForkError.
func Longer(a, b []byte) ([]byte, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	if bytes.HasPrefix(a, b) {
		return a, nil
	}
	same := 0
	for same < len(b) && a[same] == b[same] {
		same++
	}
	return nil, &ForkError{Site: SiteID(a), Line: bytes.Count(a[:same], []byte("\n")) + 1}
}

// ForkError: one site has written two different histories.
type ForkError struct {
	Site string
	Line int // the first line that differs
}

func (e *ForkError) Error() string {
	return fmt.Sprintf("the journal of site %.8s exists in two versions that differ from line %d on: one of them is not what happened", e.Site, e.Line)
}

// Whole is the beginning of a journal that holds together: all of it, or the
// lines before the first that can't be believed.
func Whole(lines []byte) []byte {
	_, _, err := Read(lines)
	for broken, ok := errors.AsType[*Error](err); ok; broken, ok = errors.AsType[*Error](err) {
		lines = Before(lines, broken.Line)
		_, _, err = Read(lines)
	}
	return lines
}

// Before is what stands before the n-th line of a journal, counted from 1.
func Before(lines []byte, n int) []byte {
	end := 0
	for range n - 1 {
		end += bytes.IndexByte(lines[end:], '\n') + 1
	}
	return lines[:end]
}
