package controls

import (
	"fmt"
	"regexp"
	"strings"
)

// Row is a control and the tests that hold it.
type Row struct {
	Control string
	Tests   []Test
}

// Test is a test of a package, named by its folder.
type Test struct{ Package, Name string }

func (t Test) String() string { return t.Package + " " + t.Name }

var cell = regexp.MustCompile("^`([a-z0-9/-]+)` (Test[A-Za-z0-9_]+(?:, Test[A-Za-z0-9_]+)*)$")

// Parse reads the rows of every table in a text of Markdown. Each names tests
// in its second and its third column: `package` Test, Test; `package` Test.
func Parse(text string) ([]Row, error) {
	var rows []Row
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| control |") || strings.HasPrefix(line, "| --- ") {
			continue
		}
		columns := strings.Split(strings.Trim(line, "| \n"), " | ")
		if len(columns) != 3 {
			return nil, fmt.Errorf("the row %q has %d columns instead of 3", columns[0], len(columns))
		}
		row := Row{Control: columns[0]}
		for _, column := range columns[1:] {
			for part := range strings.SplitSeq(column, "; ") {
				named := cell.FindStringSubmatch(part)
				if named == nil {
					return nil, fmt.Errorf("the row %q names no test by %q", row.Control, part)
				}
				for name := range strings.SplitSeq(named[2], ", ") {
					row.Tests = append(row.Tests, Test{named[1], name})
				}
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}
