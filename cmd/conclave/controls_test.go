package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestControls: every test that CONTROLS.md names exists, where it says.
func TestControls(t *testing.T) {
	text, err := os.ReadFile("../../ceremony/CONTROLS.md")
	if err != nil {
		t.Fatal(err)
	}
	cell := regexp.MustCompile("`([a-z/-]+)` ((?:Test[A-Za-z]+(?:, )?)+)")
	rows := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| control") || strings.HasPrefix(line, "| ---") {
			continue
		}
		rows++
		columns := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(columns) != 3 {
			t.Errorf("%d columns: %s", len(columns), line)
			continue
		}
		for _, column := range columns[1:] {
			named := cell.FindAllStringSubmatch(column, -1)
			if named == nil {
				t.Errorf("no test is named in %q", column)
			}
			for _, m := range named {
				for name := range strings.SplitSeq(strings.TrimSuffix(m[2], ", "), ", ") {
					if !hasTest(t, m[1], name) {
						t.Errorf("%s has no %s", m[1], name)
					}
				}
			}
		}
	}
	if rows < 30 {
		t.Errorf("only %d controls were found", rows)
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
