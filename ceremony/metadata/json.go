package metadata

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxText bounds a text; a file of 200,000 targets has half of it. In bytes.
	maxText = 64 << 20
	// maxDepth bounds nesting. TUF needs 8; the rest is for custom fields.
	maxDepth = 64
	// maxMarks bounds the commas and colons, and with them how many values there
	// are, each of which costs memory however short it is. A target needs 6 to 12.
	maxMarks = 2_500_000
)

// scanner reads one JSON text and makes its canonical form in the same pass.
// It takes only what all readers agree about: RFC 8259 without duplicate keys,
// and with no number but the integers that a float64 holds.
//
// Where the text already is canonical, nothing is copied: out holds the
// canonical form only of src[:copied], and src[copied:at] is to be appended.
// Time is linear but for the sorting of keys that do not arrive sorted; of the
// text there are never more than two copies.
type scanner struct {
	src     []byte
	at      int // the next byte to read
	out     []byte
	copied  int
	open    []member // the members so far of all objects that are open
	signed  []byte   // the value of "signed" in the outermost object, as it stands in src
	root    string   // what errors call the document
	path    []step   // where it is
	scratch []byte
	folding bool // refuse keys that differ only in case
	err     *FieldError
}

// member is where `"key":value` of an object stands in the canonical form. It
// is small, as a hostile text is all members.
type member struct{ start, colon, end uint32 }

// in is the key in the canonical form, of which text begins at from.
func (m member) in(text []byte, from uint32) []byte { return text[m.start-from+1 : m.colon-from-1] }

// step leads to a member, or (where key is nil) to an element of an array.
type step struct {
	key   []byte
	index int
}

// scan reads src. root names the document in the paths of errors.
func scan(src []byte, root string, folding bool) (*scanner, error) {
	s := &scanner{src: src, root: root, folding: folding}
	s.bounds()
	s.space()
	if s.at == len(s.src) {
		s.fail("is empty")
	}
	s.value(0)
	s.space()
	if s.at < len(s.src) {
		s.fail("is followed by other data at byte %d", s.at)
	}
	if s.err != nil {
		return nil, s.err
	}
	s.scratch = nil
	return s, nil
}

// bounds refuses what would cost too much to read, before it is read.
func (s *scanner) bounds() {
	if len(s.src) > maxText {
		s.fail("has %d bytes, more than %d", len(s.src), maxText)
		return
	}
	marks, inside := 0, false
	for i := 0; i < len(s.src); i++ {
		switch c := s.src[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case !inside && (c == ',' || c == ':'):
			marks++
		}
	}
	if marks > maxMarks {
		s.fail("holds %d commas and colons, more than %d: it has too many fields", marks, maxMarks)
	}
}

// canonical is the canonical form of what was read so far: the beginning of src
// itself, if it has it.
func (s *scanner) canonical() []byte {
	if s.copied == 0 && len(s.out) == 0 {
		return s.src[:s.at:s.at]
	}
	s.flush()
	return s.out
}

// fail keeps the first error and ends the reading.
func (s *scanner) fail(why string, args ...any) {
	if s.err == nil {
		var path []string
		if s.root != "" {
			path = append(path, s.root)
		}
		for _, step := range s.path {
			if step.key == nil {
				path = append(path, strconv.Itoa(step.index))
			} else {
				path = append(path, string(step.key))
			}
		}
		s.err = &FieldError{joinPath(path), fmt.Sprintf(why, args...)}
	}
	s.at = len(s.src)
}

// unexpected says what stands where want should.
func (s *scanner) unexpected(want string) {
	if s.at >= len(s.src) {
		s.fail("ends too early, where %s should stand", want)
		return
	}
	r, _ := utf8.DecodeRune(s.src[s.at:])
	s.fail("holds %s at byte %d, where %s should stand", strconv.QuoteRuneToASCII(r), s.at, want)
}

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.src) {
		return s.src[s.at]
	}
	return 0
}

// position is how long the canonical form is so far.
func (s *scanner) position() int { return len(s.out) + s.at - s.copied }

// flush appends what was read and not yet copied.
func (s *scanner) flush() {
	if s.out == nil {
		s.out = make([]byte, 0, len(s.src))
	}
	s.out = append(s.out, s.src[s.copied:s.at]...)
	s.copied = s.at
}

// replace writes canonical instead of the next n bytes.
func (s *scanner) replace(n int, canonical string) {
	s.flush()
	s.out = append(s.out, canonical...)
	s.at += n
	s.copied = s.at
}

func (s *scanner) space() {
	end := s.at
	for end < len(s.src) && (s.src[end] == ' ' || s.src[end] == '\n' || s.src[end] == '\t' || s.src[end] == '\r') {
		end++
	}
	if end > s.at {
		s.replace(end-s.at, "")
	}
}

func (s *scanner) value(depth int) {
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if depth == maxDepth {
			s.fail("is nested more than %d deep", maxDepth)
			return
		}
		if c == '{' {
			s.object(depth)
		} else {
			s.array(depth)
		}
	case c == '"':
		s.text()
	case c == '-' || '0' <= c && c <= '9':
		s.number()
	default:
		for _, word := range []string{"true", "false", "null"} {
			if bytes.HasPrefix(s.src[s.at:], []byte(word)) {
				s.at += len(word)
				return
			}
		}
		s.unexpected("a value")
	}
}

func (s *scanner) array(depth int) {
	s.at++
	s.space()
	if s.peek() == ']' {
		s.at++
		return
	}
	for i := 0; s.err == nil; i++ {
		s.path = append(s.path, step{index: i})
		s.value(depth + 1)
		s.path = s.path[:len(s.path)-1]
		s.space()
		if s.peek() == ']' {
			s.at++
			return
		}
		s.punctuation(',', "',' or ']'")
	}
}

func (s *scanner) object(depth int) {
	s.at++
	s.space()
	if s.peek() == '}' {
		s.at++
		return
	}
	first := len(s.open)
	sorted, plain := true, true
	var last []byte
	for s.err == nil {
		start := s.position()
		key := s.key()
		colon := s.position()
		s.path = append(s.path, step{key: key})
		s.space()
		s.punctuation(':', "':'")
		from := s.at
		s.value(depth + 1)
		if depth == 0 && string(key) == "signed" {
			s.signed = s.src[from:s.at:s.at]
		}
		s.path = s.path[:len(s.path)-1]

		sorted = sorted && (len(s.open) == first || bytes.Compare(last, key) < 0)
		plain = plain && isFolded(key)
		s.open = append(s.open, member{uint32(start), uint32(colon), uint32(s.position())})
		last = key

		s.space()
		if s.peek() == '}' {
			break
		}
		s.punctuation(',', "',' or '}'")
	}
	if s.err != nil {
		return
	}
	members := s.open[first:]
	if !sorted {
		s.sort(members)
	}
	if s.folding && !plain {
		s.refuseFolded(members)
	}
	s.open = s.open[:first]
	s.at = min(s.at+1, len(s.src))
}

// punctuation reads one byte of it and the blanks behind it.
func (s *scanner) punctuation(c byte, want string) {
	if s.err != nil {
		return
	}
	if s.peek() != c {
		s.unexpected(want)
		return
	}
	s.at++
	s.space()
}

// sort puts the members of an object, all of them just read, in order.
func (s *scanner) sort(members []member) {
	s.flush()
	begin := members[0].start
	s.scratch = append(s.scratch[:0], s.out[begin:]...)
	s.out = s.out[:begin]
	slices.SortFunc(members, func(a, b member) int { return compareKeys(a.in(s.scratch, begin), b.in(s.scratch, begin)) })
	for i, m := range members {
		key := m.in(s.scratch, begin)
		if i > 0 {
			if bytes.Equal(members[i-1].in(s.out, 0), key) {
				s.path = append(s.path, step{key: []byte(unescape(key))})
				s.fail("is given twice")
				return
			}
			s.out = append(s.out, ',')
		}
		start := uint32(len(s.out))
		s.out = append(s.out, s.scratch[m.start-begin:m.end-begin]...)
		members[i] = member{start, start + m.colon - m.start, uint32(len(s.out))}
	}
}

// compareKeys orders keys in canonical form by what they say.
func compareKeys(a, b []byte) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		if a[i] == '\\' {
			if i++; a[i] != b[i] {
				return cmp.Compare(a[i], b[i])
			}
		}
		i++
	}
	if i == len(a) || i == len(b) {
		return cmp.Compare(len(a), len(b))
	}
	if a[i] == '\\' {
		return cmp.Compare(a[i+1], b[i])
	}
	if b[i] == '\\' {
		return cmp.Compare(a[i], b[i+1])
	}
	return cmp.Compare(a[i], b[i])
}

// refuseFolded refuses keys that a reader which ignores case takes for one.
func (s *scanner) refuseFolded(members []member) {
	text := s.canonical()
	slices.SortFunc(members, func(a, b member) int { return compareFolded(a.in(text, 0), b.in(text, 0)) })
	for i := range members[1:] {
		key, other := members[i+1].in(text, 0), members[i].in(text, 0)
		if compareFolded(key, other) == 0 {
			s.path = append(s.path, step{key: []byte(unescape(key))})
			s.fail("differs from %s only in case", printable(unescape(other)))
			return
		}
	}
}

// compareFolded orders keys so that those are equal which a reader ignoring
// case, such as encoding/json, takes for one.
func compareFolded(a, b []byte) int {
	for len(a) > 0 && len(b) > 0 {
		r, n := utf8.DecodeRune(a)
		t, k := utf8.DecodeRune(b)
		if r != t {
			if c := cmp.Compare(fold(r), fold(t)); c != 0 {
				return c
			}
		}
		a, b = a[n:], b[k:]
	}
	return cmp.Compare(len(a), len(b))
}

// fold maps all spellings of a letter to the same one.
func fold(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		r += 'a' - 'A' // for speed: what follows leads to the same
	}
	least := unicode.SimpleFold(r)
	for other := least; other != r; other = unicode.SimpleFold(other) {
		least = min(least, other)
	}
	return min(least, r)
}

// isFolded says that key is its own folded form, as nearly all keys are. (It
// may say no without need.)
func isFolded(key []byte) bool {
	for i := range len(key) {
		if c := key[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}

// maxShownPath is how many parts of a path an error repeats; TUF needs 6.
const maxShownPath = 12

// joinPath renders a path for people; it is safe to print.
func joinPath(path []string) string {
	var shown []string
	for i, p := range path {
		if i == maxShownPath {
			shown = append(shown, "...")
			break
		}
		shown = append(shown, printable(p))
	}
	return strings.Join(shown, ".")
}
