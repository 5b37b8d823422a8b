package controls

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Results is how tests ended, over all runs that were read. A test that was
// left out of one run may have passed in another.
type Results struct {
	module string
	ends   map[Test]ends
}

type ends struct {
	passed, failed bool
	skipped        string // what it said; "": it wasn't
}

// NewResults are those of the packages of a module.
func NewResults(module string) *Results {
	return &Results{module + "/", map[Test]ends{}}
}

// event is a line of "go test -json".
type event struct{ Action, Package, Test, Output string }

// Read notes what "go test -json" says, and writes what "go test" would have
// written: a line for each package, and what failing tests said.
func (r *Results) Read(in io.Reader, out io.Writer) error {
	running := map[Test]string{} // what they have said
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if len(line) > 0 && json.Unmarshal(line, &e) != nil {
			e = event{Action: "output", Output: string(line)} // of the go command itself
		}
		if _, err := io.WriteString(out, r.note(e, running)); err != nil {
			return fmt.Errorf("write what the tests said: %w", err)
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read what the tests said: %w", err)
		}
	}
}

// note takes in an event, and returns what a person is to see of it.
func (r *Results) note(e event, running map[Test]string) string {
	t := Test{strings.TrimPrefix(e.Package, r.module), e.Test}
	switch {
	case e.Action == "build-output", e.Action == "output" && t.Name == "" && e.Output != "PASS\n":
		return e.Output
	case e.Action == "run":
		running[t] = ""
	case e.Action == "output" && t.Name != "" && !strings.HasPrefix(e.Output, "=== "):
		running[t] += e.Output
	case e.Action == "fail" && t.Name == "":
		return r.cut(t.Package, running)
	case (e.Action == "pass" || e.Action == "fail" || e.Action == "skip") && t.Name != "":
		return r.end(t, e.Action, running)
	}
	return ""
}

// end notes how a test ended.
func (r *Results) end(t Test, how string, running map[Test]string) string {
	said := running[t]
	delete(running, t)
	was := r.ends[t]
	switch how {
	case "pass":
		was.passed = true
	case "fail":
		was.failed = true
	case "skip":
		why, _, _ := strings.Cut(said, "--- SKIP: ")
		was.skipped = "was skipped: " + strings.Join(strings.Fields(why), " ")
	}
	r.ends[t] = was
	if how == "fail" {
		return said
	}
	return ""
}

// cut notes that the tests of a package that had not ended never will: it
// crashed, or took too long.
func (r *Results) cut(pkg string, running map[Test]string) string {
	var said strings.Builder
	for _, t := range slices.SortedFunc(maps.Keys(running), func(a, b Test) int { return strings.Compare(a.Name, b.Name) }) {
		if t.Package == pkg {
			said.WriteString(r.end(t, "fail", running))
		}
	}
	return said.String()
}

// Check returns an error for each test by which a row is not held: one that did
// not run and pass, in all its parts.
func (r *Results) Check(rows []Row) error {
	var errs []error
	for _, row := range rows {
		for _, t := range row.Tests {
			if why := r.lacks(t); why != "" {
				errs = append(errs, fmt.Errorf("%s: %s %s", row.Control, t, why))
			}
		}
	}
	return errors.Join(errs...)
}

// lacks is why a test holds nothing; "": it does.
func (r *Results) lacks(t Test) string {
	whole := r.ends[t]
	switch {
	case whole.failed:
		return "failed"
	case !whole.passed && whole.skipped != "":
		return whole.skipped
	case !whole.passed:
		return "never ran"
	}
	for _, part := range slices.SortedFunc(maps.Keys(r.ends), func(a, b Test) int { return strings.Compare(a.Name, b.Name) }) {
		if end := r.ends[part]; part.Package == t.Package && strings.HasPrefix(part.Name, t.Name+"/") && !end.passed && end.skipped != "" {
			return "has a part, " + part.Name + ", that " + end.skipped
		}
	}
	return ""
}
