package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/internal/controls"
)

// TestControls: every test that CONTROLS.md names exists, where it says. That
// each of them ran and passed is checked by "make test", behind all of them.
func TestControls(t *testing.T) {
	text, err := os.ReadFile("../../ceremony/CONTROLS.md")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := controls.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, test := range row.Tests {
			if !hasTest(t, test.Package, test.Name) {
				t.Errorf("%s: %s has no %s", row.Control, test.Package, test.Name)
			}
		}
	}
	if len(rows) < 30 {
		t.Errorf("only %d controls were found", len(rows))
	}
}

func hasTest(t *testing.T, pkg, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(t *testing.T)") {
			return true
		}
	}
	return false
}
