package ceremony_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
)

func TestReadJournalFindsEveryBreak(t *testing.T) {
	s, _ := founded(t)
	good := s.disk.lines
	entries, _, err := journal.Read(good)
	if err != nil || len(entries) < 8 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	join := func(l ...[]byte) []byte { return bytes.Join(l, nil) }
	for name, bad := range map[string][]byte{
		"a line missing":     join(lines[0], join(lines[2:]...)),
		"the first missing":  join(lines[1:]...),
		"two lines swapped":  join(lines[1], lines[0], join(lines[2:]...)),
		"a line twice":       join(lines[0], lines[0], join(lines[1:]...)),
		"no last newline":    good[:len(good)-1],
		"an empty line":      join([]byte("\n"), good),
		"a space added":      bytes.Replace(good, []byte(`"n":1,`), []byte(`"n":1, `), 1),
		"a key twice":        bytes.Replace(good, []byte(`{"n":1,`), []byte(`{"n":7,"n":1,`), 1),
		"an upper-case key":  bytes.Replace(good, []byte(`{"n":1,`), []byte(`{"N":1,`), 1),
		"another site":       bytes.Replace(good, []byte("vienna"), []byte("geneva"), 1),
		"text after the end": append(bytes.Clone(good), "x\n"...),
	} {
		if _, _, err := journal.Read(bad); !isType[*journal.Error](err) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestOpenRefusesUnknownEvents: a journal of a newer program is not half understood.
func TestOpenRefusesUnknownEvents(t *testing.T) {
	s, _ := founded(t)
	first, _, _ := bytes.Cut(s.disk.lines, []byte("\n"))
	s.disk.lines = append(bytes.Replace(first, []byte(`"began"`), []byte(`"blessed"`), 1), '\n')
	_, err := ceremony.Open(ceremony.Deps{Workspace: s.disk, Now: s.time.now})
	if !isType[*journal.Error](err) || !strings.Contains(err.Error(), "blessed") {
		t.Errorf("got %v", err)
	}
}

func TestLongerJournal(t *testing.T) {
	s, _ := founded(t)
	whole := s.disk.lines
	short := dropLast(whole)
	for _, pair := range [][2][]byte{{whole, short}, {short, whole}, {whole, whole}, {nil, whole}} {
		if got, err := journal.Longer(pair[0], pair[1]); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	}
	forked := append(bytes.Clone(short), bytes.Replace(whole[len(short):], []byte(`"n":`), []byte(`"m":`), 1)...)
	_, err := journal.Longer(whole, forked)
	if !isType[*journal.ForkError](err) {
		t.Errorf("a fork: got %v", err)
	}
}

func FuzzReadJournal(f *testing.F) {
	f.Add([]byte(`{"n":1,"time":"2026-03-05T09:00:00Z","prev":"0000000000000000000000000000000000000000000000000000000000000000","type":"began","data":{}}` + "\n"))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		entries, head, err := journal.Read(lines)
		if err != nil {
			return
		}
		if len(entries) != bytes.Count(lines, []byte("\n")) {
			t.Errorf("%d entries from %d lines", len(entries), bytes.Count(lines, []byte("\n")))
		}
		if head.IsZero() != (len(entries) == 0) {
			t.Error("the head does not stand for the lines")
		}
	})
}
