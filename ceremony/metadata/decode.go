package metadata

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Mode says how tolerant a reader is. Ambiguity is tolerated in neither mode:
// what two readers could read in two ways is an error.
type Mode int

const (
	// Strict is for what a signer looks at: any oddity is an error.
	Strict Mode = iota
	// Adopted is for other people's files: oddities that clients accept are findings.
	Adopted
)

// decoder turns nodes into values. The first failure is kept, and ends the
// decoding soon: what else comes of it is thrown away.
type decoder struct {
	mode     Mode
	path     []string
	err      *FieldError
	findings []Finding
	found    map[string]int // findings by code, also those that were not listed
	unknown  []Unknown
}

// maxListed bounds what is listed of each code of findings, and of unknown
// fields, so that a hostile file makes no report without end.
const maxListed = 1000

// fail refuses the field at the current path.
func (d *decoder) fail(why string, args ...any) {
	if d.err == nil {
		d.err = &FieldError{joinPath(d.path), fmt.Sprintf(why, args...)}
	}
}

// odd reports what clients accept and signers should not make: an error in
// Strict mode, else a finding.
func (d *decoder) odd(code, why string, args ...any) {
	if d.mode == Strict {
		d.fail(why, args...)
		return
	}
	if d.found == nil {
		d.found = map[string]int{}
	}
	if d.found[code]++; d.found[code] > maxListed {
		return
	}
	f := Finding{Code: code, Path: joinPath(d.path)}
	f.Text = f.Path + " " + fmt.Sprintf(why, args...)
	d.findings = append(d.findings, f)
}

// summary is all findings, with one more for each code that was not listed in full.
func (d *decoder) summary() []Finding {
	for _, code := range slices.Sorted(maps.Keys(d.found)) {
		if more := d.found[code] - maxListed; more > 0 {
			d.findings = append(d.findings, Finding{Code: code, Text: fmt.Sprintf("and %d more of the same kind", more)})
		}
	}
	return d.findings
}

// in runs decode with key appended to the path.
func (d *decoder) in(key string, decode func()) {
	d.path = append(d.path, key)
	decode()
	d.path = d.path[:len(d.path)-1]
}

// missing refuses an object without the field key.
func (d *decoder) missing(key string) {
	d.in(key, func() { d.fail("is missing") })
}

// object calls each for every member of n, with the path at that member.
func (d *decoder) object(n node, each func(key string, value node)) {
	if !n.is('{') {
		d.fail("must be an object")
	}
	for key, value := range n.object() {
		if d.err != nil {
			return
		}
		d.in(key, func() { each(key, value) })
	}
}

// array calls each for every element of n, with the path at that element.
func (d *decoder) array(n node, each func(value node)) {
	if !n.is('[') {
		d.fail("must be an array")
	}
	for i, value := range n.array() {
		if d.err != nil {
			return
		}
		d.in(strconv.Itoa(i), func() { each(value) })
	}
}

func (d *decoder) text(n node) string {
	if !n.is('"') {
		d.fail("must be a string")
		return ""
	}
	return n.text()
}

// name is a string that is not empty.
func (d *decoder) name(n node) string {
	s := d.text(n)
	if s == "" {
		d.fail("must not be empty")
	}
	return s
}

func (d *decoder) texts(n node) []string {
	list := []string{}
	d.array(n, func(v node) { list = append(list, d.text(v)) })
	return list
}

func (d *decoder) boolean(n node) bool {
	if string(n) != "true" && string(n) != "false" {
		d.fail("must be true or false")
	}
	return string(n) == "true"
}

// integer is a whole number of at least least.
func (d *decoder) integer(n node, least int64) int64 {
	i, ok := n.integer()
	if !ok || i < least {
		d.fail("must be a whole number from %d", least)
	}
	return i
}

// count is a whole number from 1 to most.
func (d *decoder) count(n node, most int32) int {
	i, ok := n.integer()
	if !ok || i < 1 || i > int64(most) {
		d.fail("must be a whole number from 1 to %d", most)
		return 0
	}
	return int(i)
}

// hex is a string of lower-case hex digits.
func (d *decoder) hex(n node) string {
	s := d.text(n)
	lower := strings.ToLower(s)
	if !isHex(lower) {
		d.fail("must be an even number of hex digits")
	} else if lower != s {
		d.odd(codeUpperCaseHex, "is not in lower case")
	}
	return lower
}

// other deals with a field that is none of known, where TUF lets others add
// some: it is named. One that a reader which ignores case takes for a known
// one is refused: readers would disagree.
func (d *decoder) other(v node, key string, known ...string) {
	if d.lookalike(key, known) {
		return
	}
	d.listUnknown(v)
	if d.mode == Adopted {
		d.odd(codeUnknownField, "is a field that TUF does not define")
	}
}

// never is other for places where an unknown field is an oddity by itself.
func (d *decoder) never(v node, key string, known ...string) {
	if !d.lookalike(key, known) {
		d.listUnknown(v)
		d.odd(codeUnknownField, "is a field that TUF does not define")
	}
}

// listUnknown lists the field at the current path as unknown.
func (d *decoder) listUnknown(v node) {
	switch {
	case len(d.unknown) < maxListed:
		d.unknown = append(d.unknown, Unknown{slices.Clone(d.path), escapeControls(v)})
	case d.mode == Strict:
		d.fail("is one unknown field too many: nobody could review %d of them", maxListed)
	}
}

func (d *decoder) lookalike(key string, known []string) bool {
	i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, key) })
	if i >= 0 {
		d.fail("differs from %s only in case", known[i])
	}
	return i >= 0
}
