package paper

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Paper is a document for people: to be read, printed, and written on with a
// pen. Its text may come from strangers. The renderers let none of it become
// anything but text, and show what can't be seen as Safe does.
type Paper struct {
	Title     string
	Rehearsal bool
	blocks    []Block
}

// Block is a piece of a paper: a heading, paragraph, table or verbatim.
type Block interface {
	markdown() string
	html() string
}

type (
	// Heading begins a part of the paper.
	Heading struct {
		Level int // 2 or 3; the paper's title is 1
		Text  string
	}
	// Paragraph is text that is set into lines.
	Paragraph string
	Emphasis  string // a paragraph that must not be missed
	Verbatim  string // lines that stay as they are

	// Table has cells of text. A cell without text, and one that a row lacks,
	// is a box to write into.
	Table struct {
		Head []string // nil: none
		Rows [][]string
	}
)

// Add puts blocks at the end.
func (p *Paper) Add(blocks ...Block) { p.blocks = append(p.blocks, blocks...) }

// FactTable is a table of names and values.
func FactTable(pairs ...[2]string) Table {
	var t Table
	for _, pair := range pairs {
		t.Rows = append(t.Rows, []string{pair[0], pair[1]})
	}
	return t
}

const (
	wordsInRow = 4
	BoxLine    = "............" // to write a word on
	NoText     = "–"            // a cell without text would be a box
)

// WordGrid has a digest's words, numbered, four in a row.
func WordGrid(d metadata.Digest) Table {
	words := text.Words(d)
	return grid(func(i int) string { return fmt.Sprintf("%d %s", i+1, words[i]) })
}

// WordBoxes is the grid to write the words of a digest into that is not known yet.
func WordBoxes() Table {
	return grid(func(i int) string { return fmt.Sprintf("%d %s", i+1, BoxLine) })
}

func grid(cell func(i int) string) Table {
	var t Table
	for i := range len(text.Words(metadata.Digest{})) {
		if i%wordsInRow == 0 {
			t.Rows = append(t.Rows, nil)
		}
		last := &t.Rows[len(t.Rows)-1]
		*last = append(*last, cell(i))
	}
	return t
}

// Fours is a digest in hex, in groups that a person can read aloud.
func Fours(d metadata.Digest) string {
	var groups []string
	for group := range slices.Chunk([]byte(d.String()), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// columns is how many cells the widest row has.
func (t Table) columns() int {
	n := len(t.Head)
	for _, row := range t.Rows {
		n = max(n, len(row))
	}
	return n
}

// filled is a row with its boxes, as wide as the table.
func filled(row []string, columns int) []string {
	return append(slices.Clone(row), make([]string, columns-len(row))...)
}

// notice stands at the top and at the bottom of what is only an exercise.
const notice = "REHEARSAL: an exercise on virtual tokens. Nothing here is of a real trust."

// OrDash is a cell for text that may be missing, which is no box.
func OrDash(s string) string {
	if s == "" {
		return NoText
	}
	return s
}
