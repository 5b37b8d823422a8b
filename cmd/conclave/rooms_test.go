package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// room is a line of the README's table: a package, its size, and which of the
// others it imports.
type room struct {
	path  string // below the module
	lines int    // of code that is no test, in hundreds, rounded up
	sees  string // the others, with blanks between them
}

func (r room) String() string {
	return strings.TrimSpace(fmt.Sprintf("%-24s %4d00   %s", r.path, r.lines, r.sees))
}

// TestRoomsOfTheREADME: the table of rooms, arrows and sizes is what the code is.
// A size may be out by a hundred lines, or a tenth.
func TestRoomsOfTheREADME(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := bytes.Cut(text, []byte("\nroom "))
	table, _, ended := bytes.Cut(table, []byte("```"))
	if !found || !ended {
		t.Fatal("README.md has no table of rooms")
	}
	drawn := map[string]room{}
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasSuffix(fields[1], "00") {
			continue // the head of the table
		}
		n, err := strconv.Atoi(strings.TrimSuffix(fields[1], "00"))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		drawn[fields[0]] = room{fields[0], n, strings.Join(fields[2:], " ")}
	}
	var right strings.Builder
	wrong := false
	for _, is := range rooms(t) {
		fmt.Fprintln(&right, is)
		said := drawn[is.path]
		wrong = wrong || said.sees != is.sees || abs(said.lines-is.lines) > max(1, is.lines/10)
		delete(drawn, is.path)
	}
	if wrong || len(drawn) > 0 {
		t.Errorf("the table of rooms in README.md is not what the code is: it lacks or has too much %v. This is right:\n%s", drawn, &right)
	}
}

func abs(n int) int { return max(n, -n) }

// rooms are the packages, each after those that it imports.
func rooms(t *testing.T) []room {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}}|{{.Dir}}|{{join .GoFiles " "}}|{{join .Imports " "}}`,
		"./ceremony/...", "./bundles", "./offline", "./hsm", "./hsm/pkcs11", "./hsm/virtual", "./ui/...", "./cmd/conclave", "./cmd/conclave-upload")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []room
	for line := range strings.Lines(string(out)) {
		part := strings.Split(strings.TrimSpace(line), "|")
		path, ours := strings.CutPrefix(part[0], module+"/")
		if !ours || !isRoom(path) {
			continue
		}
		r := room{path: path}
		for _, file := range strings.Fields(part[2]) {
			b, err := os.ReadFile(filepath.Join(part[1], file))
			if err != nil {
				t.Fatal(err)
			}
			r.lines += bytes.Count(b, []byte("\n"))
		}
		r.lines = (r.lines + 99) / 100
		var sees []string
		for _, imported := range strings.Fields(part[3]) {
			if path, ours := strings.CutPrefix(imported, module+"/"); ours && isRoom(path) {
				sees = append(sees, strings.TrimPrefix(path, "ceremony/"))
			}
		}
		r.sees = strings.Join(sees, " ")
		list = append(list, r)
	}
	return list
}

// isRoom leaves out what only one room has inside of it.
func isRoom(path string) bool {
	return !strings.Contains(path, "internal/") && path != "ceremony/metadata/corpora"
}
