package main

import (
	"bytes"
	"compress/gzip"
	"crypto/rand"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/offline"
)

// TestExportOfAWorkspace: what is signed gets out of a workspace under any
// clock, and as far as its journal holds together.
func TestExportOfAWorkspace(t *testing.T) {
	ws := filepath.Join(t.TempDir(), "workspace")
	want := vienna(t)
	inFuture(t, ws, want)
	name := filepath.Join(ws, journalName)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	for _, c := range []struct {
		name    string
		journal []byte
		says    string
		lines   int // of the journal in the bundle
		refused bool
	}{
		{"whole", whole, "", len(lines) - 1, false},
		{"with rubbish behind it", append(bytes.Clone(whole), "rubbish\n"...), "from line 6 on", len(lines) - 1, false},
		{"torn", whole[:len(whole)-5], "", len(lines) - 2, false},
		{"without a line in the middle", bytes.Join([][]byte{lines[0], lines[1], lines[3]}, nil), "nothing yet", 0, true},
		{"empty", nil, "no journal", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile(name, c.journal, 0o600); err != nil {
				t.Fatal(err)
			}
			out := t.TempDir()
			cmd := exec.CommandContext(t.Context(), "conclave", "export", ws, "-o", out)
			said, err := cmd.CombinedOutput()
			if c.refused != (err != nil) || !bytes.Contains(said, []byte(c.says)) {
				t.Fatalf("%v\n%s", err, said)
			}
			written, _ := filepath.Glob(filepath.Join(out, "*"))
			if c.refused {
				if len(written) != 0 {
					t.Errorf("%v was written", written)
				}
				return
			}
			b, err := bundles.Open(written[0])
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(b.Contents.Signatures, want.Signatures) || len(b.Contents.Proposals) != len(want.Proposals) {
				t.Errorf("%d signatures over %d proposals got out, of %d over %d", len(b.Contents.Signatures), len(b.Contents.Proposals), len(want.Signatures), len(want.Proposals))
			}
			ours := slices.IndexFunc(b.Contents.Journals, func(j trust.SiteJournal) bool { return bytes.HasPrefix(j.Lines, lines[0]) })
			if ours < 0 || bytes.Count(b.Contents.Journals[ours].Lines, []byte("\n")) != c.lines {
				t.Errorf("its journal is not in the bundle with %d lines", c.lines)
			}
		})
	}
}

// vienna is the bundle of a founding.
func vienna(t *testing.T) trust.Contents {
	t.Helper()
	f, err := os.Open("../../ceremony/testdata/old/vienna.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundles.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	b.Contents.Attestations = nil // by a soft token, which no program accepts
	return b.Contents
}

// inFuture is a workspace into which somebody imported in by a clock that was
// decades ahead.
func inFuture(t *testing.T, dir string, in trust.Contents) {
	t.Helper()
	w, err := offline.OpenWorkspace(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	at := time.Date(2096, 2, 29, 12, 0, 0, 0, time.UTC)
	c, err := ceremony.Open(ceremony.Deps{Workspace: w, Now: func() time.Time { return at }, Rand: rand.Reader, Attestations: hsm.Checker{}, Tool: "conclave test"})
	if err == nil {
		err = c.ConfirmClock(at, "wall clock")
	}
	if err == nil {
		err = c.Begin(ceremony.Cosigning, "oslo", strings.HasPrefix(in.Trust, "rehearsal-"))
	}
	if err == nil {
		err = c.Preflight([]token.Check{{Name: "test", Pass: true}})
	}
	if err == nil {
		_, err = c.Import(in, "vienna.tar", in.Proposals[0].Base)
	}
	if err == nil {
		err = c.Note("Ada", "the clock is ahead")
	}
	if err != nil {
		t.Fatal(err)
	}
}
