package metadata

import (
	"iter"
	"strconv"
)

// node is the canonical text of one value. Its text was made by the scanner,
// so that nothing here can fail on its form: what is decoded is what is signed.
type node []byte

// object yields the members of an object, in order; nothing of other values.
func (n node) object() iter.Seq2[string, node] {
	return func(yield func(string, node) bool) {
		if !n.is('{') {
			return
		}
		for i := 1; n[i] != '}'; {
			end := i + n[i:].width()
			value := n[end+1:]
			value = value.first()
			if !yield(n[i:end].text(), value) {
				return
			}
			i = end + 1 + len(value)
			if n[i] == ',' {
				i++
			}
		}
	}
}

// array yields the elements of an array, in order; nothing of other values.
func (n node) array() iter.Seq2[int, node] {
	return func(yield func(int, node) bool) {
		if !n.is('[') {
			return
		}
		for i, at := 0, 1; n[at] != ']'; i++ {
			value := n[at:]
			value = value.first()
			if !yield(i, value) {
				return
			}
			at += len(value)
			if n[at] == ',' {
				at++
			}
		}
	}
}

// is says whether the value begins with c: '{', '[' or '"'.
func (n node) is(c byte) bool { return len(n) > 0 && n[0] == c }

// text is the string that a string value holds.
func (n node) text() string { return unescape(n[1 : len(n)-1]) }

// integer is the value of a number; ok is false for other values.
func (n node) integer() (i int64, ok bool) {
	i, err := strconv.ParseInt(string(n), 10, 64)
	return i, err == nil
}

// first is the value that n begins with. Nothing can be appended to it in place.
func (n node) first() node {
	w := n.width()
	return n[:w:w]
}

// width is how long the value is that n begins with.
func (n node) width() int {
	depth := 0
	for i := 0; i < len(n); {
		switch n[i] {
		case '"':
			for i++; n[i] != '"'; i++ {
				if n[i] == '\\' {
					i++
				}
			}
			i++
		case '{', '[':
			depth++
			i++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
	return len(n)
}
