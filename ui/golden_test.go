package ui_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	update  = flag.Bool("update", false, "write the golden screens")
	screens = flag.String("screens", "", "also draw every golden screen as a PNG into this directory")
)

func itoa(n int) string { return strconv.Itoa(n) }

// golden waits until the screen shows words, and compares it with testdata.
func (e *emulated) golden(name string, words ...string) {
	e.t.Helper()
	got := e.sees(words...)
	if *screens != "" {
		e.png(filepath.Join(*screens, name+".png"))
	}
	golden(e.t, name+".golden", got)
}

// golden compares what was shown with testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	theirs, ours := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range ours {
		if i >= len(theirs) || ours[i] != theirs[i] {
			t.Errorf("%s differs from line %d on (-update writes it anew):\n%s", name, i+1, strings.Join(ours[max(0, i-5):min(len(ours), i+20)], "\n"))
			return
		}
	}
	t.Errorf("%s is cut off after %d lines", name, len(ours))
}

// coloured finds a colour in what was sent: SGR 30 to 49 and 90 to 107.
var coloured = regexp.MustCompile(`\x1b\[(?:[0-9]*;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9]+)*m`)
