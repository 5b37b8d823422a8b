package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
)

// TestBar shows a bar on a terminal: lines stand above it, it never breaks a
// line, and nothing of it is left in the end.
func TestBar(t *testing.T) {
	screen := vt.NewEmulator(60, 6)
	var raw bytes.Buffer
	now := time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)
	b := &bar{out: &raw, width: func() int { return 60 }, now: func() time.Time { now = now.Add(time.Second); return now }}
	look := func() string {
		_, _ = screen.Write(bytes.ReplaceAll(raw.Bytes(), []byte("\n"), []byte("\r\n")))
		raw.Reset()
		var lines []string
		for line := range strings.SplitSeq(screen.String(), "\n") {
			lines = append(lines, strings.TrimRight(line, " \r"))
		}
		return strings.TrimRight(strings.Join(lines, "\n"), "\n")
	}
	b.line("first")
	b.show(publish.Amount{Items: 1, OfItems: 3, Bytes: 512 << 10, OfBytes: 2 << 20})
	if got := look(); got != "first\nsending [#####---------------] 1 of 3, 512.0 KiB of 2.0 MiB" {
		t.Errorf("it shows\n%s", got)
	}
	b.line("second")
	b.show(publish.Amount{Items: 2, OfItems: 3, Bytes: 1 << 20, OfBytes: 2 << 20})
	if got := look(); !strings.HasPrefix(got, "first\nsecond\nsending [####") || strings.Count(got, "\n") != 2 {
		t.Errorf("it shows\n%s", got)
	}
	b.show(publish.Amount{Items: 3, OfItems: 3, Bytes: 2 << 20, OfBytes: 2 << 20})
	b.line("third")
	b.end()
	if got := look(); got != "first\nsecond\nthird" {
		t.Errorf("it left\n%s", got)
	}
}

// TestNoBar: where there is no terminal there are lines alone.
func TestNoBar(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out)
	b.line("first\x1b[2J")
	b.show(publish.Amount{Items: 1, OfItems: 3, Bytes: 1, OfBytes: 3})
	b.line("second")
	b.end()
	if got := out.String(); !strings.HasSuffix(got, "\nsecond\n") || strings.ContainsAny(got, "\r\x1b#") {
		t.Errorf("%q", got)
	}
}

func TestDrawBar(t *testing.T) {
	for width := range 120 {
		for _, a := range []publish.Amount{{OfItems: 1}, {Items: 7, OfItems: 50, Bytes: 1 << 29, OfBytes: 1 << 40}, {OfItems: 1, Bytes: 5, OfBytes: 5}} {
			if text := drawBar(a, width); len(text) >= max(width, 1) && text != "" {
				t.Errorf("%d cells: %q", width, text)
			}
		}
	}
}
