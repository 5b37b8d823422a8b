package ceremony

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Paper is a document for people: to be read, printed, and written on with a
// pen. Its text may come from strangers. The renderers let none of it become
// anything but text, and show what can't be seen as Safe does.
type Paper struct {
	title     string
	rehearsal bool
	blocks    []block
}

// block is a piece of a paper: a heading, paragraph, table or verbatim.
type block interface {
	markdown() string
	html() string
}

type (
	heading struct {
		level int // 2 or 3; the paper's title is 1
		text  string
	}
	paragraph string
	emphasis  string // a paragraph that must not be missed
	verbatim  string // lines that stay as they are

	// table has cells of text. A cell without text, and one that a row lacks,
	// is a box to write into.
	table struct {
		head []string // nil: none
		rows [][]string
	}
)

func (p *Paper) add(blocks ...block) { p.blocks = append(p.blocks, blocks...) }

// factTable is a table of names and values.
func factTable(pairs ...[2]string) table {
	var t table
	for _, pair := range pairs {
		t.rows = append(t.rows, []string{pair[0], pair[1]})
	}
	return t
}

const (
	wordsInRow = 4
	boxLine    = "............" // to write a word on
	noText     = "–"            // a cell without text would be a box
)

// wordGrid has a digest's words, numbered, four in a row.
func wordGrid(d metadata.Digest) table {
	words := Words(d)
	return grid(func(i int) string { return fmt.Sprintf("%d %s", i+1, words[i]) })
}

// wordBoxes is the grid to write the words of a digest into that is not known yet.
func wordBoxes() table {
	return grid(func(i int) string { return fmt.Sprintf("%d %s", i+1, boxLine) })
}

func grid(cell func(i int) string) table {
	var t table
	for i := range len(Words(metadata.Digest{})) {
		if i%wordsInRow == 0 {
			t.rows = append(t.rows, nil)
		}
		last := &t.rows[len(t.rows)-1]
		*last = append(*last, cell(i))
	}
	return t
}

// fours is a digest in hex, in groups that a person can read aloud.
func fours(d metadata.Digest) string {
	var groups []string
	for group := range slices.Chunk([]byte(d.String()), 4) {
		groups = append(groups, string(group))
	}
	return strings.Join(groups, " ")
}

// columns is how many cells the widest row has.
func (t table) columns() int {
	n := len(t.head)
	for _, row := range t.rows {
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

// orDash is a cell for text that may be missing, which is no box.
func orDash(s string) string {
	if s == "" {
		return noText
	}
	return s
}
