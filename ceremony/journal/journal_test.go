package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// written is a journal of n lines.
func written(t *testing.T, n int) []byte {
	t.Helper()
	var lines []byte
	var prev metadata.Digest
	for i := range n {
		e := journal.Entry{
			N: i + 1, Time: time.Date(2026, 3, 5, 9, i, 0, 0, time.UTC), Prev: prev,
			Type: "note", Data: fmt.Appendf(nil, `{"text":"<%d> & more"}`, i),
		}
		line, err := e.Line()
		if err != nil {
			t.Fatal(err)
		}
		lines, prev = append(lines, line...), metadata.Sum(line)
	}
	return lines
}

func TestRead(t *testing.T) {
	lines := written(t, 3)
	entries, head, err := journal.Read(lines)
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if last := bytes.SplitAfter(lines, []byte("\n"))[2]; head != metadata.Sum(last) {
		t.Error("the head is not the digest of the last line")
	}
	if e := entries[1]; e.N != 2 || e.Type != "note" || string(e.Data) != `{"text":"<1> & more"}` {
		t.Errorf("the second entry is %+v", e)
	}
	if entries, head, err := journal.Read(nil); entries != nil || !head.IsZero() || err != nil {
		t.Errorf("of nothing: %v, %s, %v", entries, head, err)
	}
}

// A line that corrects the clock may be of an earlier time, and what follows it
// goes on from there.
func TestReadTakesACorrection(t *testing.T) {
	for name, later := range map[string][2]int{"the line after it": {30, 29}, "a line after all": {30, 60}} {
		var lines []byte
		var prev metadata.Digest
		for i, e := range []struct {
			typ    string
			minute int
		}{{"note", 59}, {journal.ClockCorrected, later[0]}, {"note", later[1]}} {
			line, err := journal.Entry{N: i + 1, Time: time.Date(2026, 3, 5, 9, e.minute, 0, 0, time.UTC), Prev: prev, Type: e.typ, Data: []byte("{}")}.Line()
			if err != nil {
				t.Fatal(err)
			}
			lines, prev = append(lines, line...), metadata.Sum(line)
		}
		_, _, err := journal.Read(lines)
		if broken, ok := errors.AsType[*journal.Error](err); (later[1] < later[0]) != (ok && broken.Line == 3) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadFindsEveryBreak(t *testing.T) {
	good := written(t, 8)
	lines := bytes.SplitAfter(good, []byte("\n"))
	join := func(l ...[]byte) []byte { return bytes.Join(l, nil) }
	early := bytes.Replace(lines[1], []byte("09:01"), []byte("08:59"), 1)
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
		"a field more":       bytes.Replace(good, []byte(`{"n":1,`), []byte(`{"n":1,"m":1,`), 1),
		"other words":        bytes.Replace(good, []byte("more"), []byte("less"), 1),
		"time goes back":     join(lines[0], early),
		"text after the end": append(bytes.Clone(good), "x\n"...),
	} {
		_, _, err := journal.Read(bad)
		if e, ok := errors.AsType[*journal.Error](err); !ok || e.Line < 1 || e.Line > 9 {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLonger(t *testing.T) {
	whole, short := written(t, 5), written(t, 4)
	for _, pair := range [][2][]byte{{whole, short}, {short, whole}, {whole, whole}, {nil, whole}} {
		if got, err := journal.Longer(pair[0], pair[1]); err != nil || !bytes.Equal(got, whole) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	}
	forked := append(bytes.Clone(short), bytes.Replace(whole[len(short):], []byte(`"n":`), []byte(`"m":`), 1)...)
	_, err := journal.Longer(whole, forked)
	if fork, ok := errors.AsType[*journal.ForkError](err); !ok || fork.Line != 5 || fork.Site != journal.SiteID(whole) {
		t.Errorf("a fork: got %v", err)
	}
}

func TestSiteID(t *testing.T) {
	if journal.SiteID(written(t, 1)) != journal.SiteID(written(t, 3)) || journal.SiteID(nil) != "" || journal.SiteID([]byte("{}")) != "" {
		t.Error("a site is named by its first whole line, and by nothing else")
	}
}

func TestMemory(t *testing.T) {
	var m journal.Memory
	for _, line := range []string{"one\n", "two\n"} {
		if err := m.Append([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	if lines, err := m.Lines(); err != nil || string(lines) != "one\ntwo\n" {
		t.Errorf("lines %q, %v", lines, err)
	}
	if _, err := m.Get(metadata.Sum([]byte("blob"))); err == nil {
		t.Error("it has what was never put there")
	}
	d, err := m.Put([]byte("blob"))
	if err != nil || d != metadata.Sum([]byte("blob")) {
		t.Fatalf("put as %s, %v", d, err)
	}
	if b, err := m.Get(d); err != nil || string(b) != "blob" {
		t.Errorf("got %q, %v", b, err)
	}
}

func FuzzRead(f *testing.F) {
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
