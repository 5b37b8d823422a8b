package metadata

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDepth bounds nesting. TUF needs 8; the rest is for custom fields.
const maxDepth = 64

// scanner reads one JSON text and makes its canonical form in the same pass.
// It takes only what all readers agree about: RFC 8259 without duplicate keys,
// and with no number but the integers that a float64 holds.
//
// Where the text already is canonical, nothing is copied: out holds the
// canonical form only of src[:copied], and src[copied:at] is to be appended.
// Time is linear but for the sorting of keys that do not arrive sorted.
type scanner struct {
	src     string
	at      int // the next byte to read
	out     []byte
	copied  int
	open    []member // the members so far of all objects that are open
	top     []member // the members of the outermost object
	path    []string // where it is; array elements by number
	scratch []byte
	folding bool // refuse keys that differ only in case
	err     *FieldError
}

// member is one key and value of an object.
type member struct {
	key        string
	start, end int // of `"key":value` in the canonical form
	from, to   int // of the value in the source
}

// scan reads src. root names the document in the paths of errors.
func scan(src, root string, folding bool) (*scanner, error) {
	s := &scanner{src: src, folding: folding}
	if root != "" {
		s.path = append(s.path, root)
	}
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
	return s, nil
}

// canonical is the canonical form of what was read.
func (s *scanner) canonical() string {
	if s.copied == 0 && len(s.out) == 0 {
		return s.src
	}
	s.flush()
	return string(s.out)
}

// fail keeps the first error and ends the reading.
func (s *scanner) fail(why string, args ...any) {
	if s.err == nil {
		s.err = &FieldError{joinPath(s.path), fmt.Sprintf(why, args...)}
	}
	s.at = len(s.src)
}

// unexpected says what stands where want should.
func (s *scanner) unexpected(want string) {
	if s.at >= len(s.src) {
		s.fail("ends too early, where %s should stand", want)
		return
	}
	r, _ := utf8.DecodeRuneInString(s.src[s.at:])
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
			if strings.HasPrefix(s.src[s.at:], word) {
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
		s.path = append(s.path, strconv.Itoa(i))
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
	for s.err == nil {
		m := member{start: s.position()}
		m.key = s.key()
		s.path = append(s.path, m.key)
		s.space()
		s.punctuation(':', "':'")
		m.from = s.at
		s.value(depth + 1)
		m.to, m.end = s.at, s.position()
		s.path = s.path[:len(s.path)-1]

		sorted = sorted && (len(s.open) == first || s.open[len(s.open)-1].key < m.key)
		plain = plain && isFolded(m.key)
		s.open = append(s.open, m)

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
	if depth == 0 {
		s.top = slices.Clone(members)
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
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.key, b.key) })
	for i, m := range members {
		if i > 0 {
			if members[i-1].key == m.key {
				s.path = append(s.path, m.key)
				s.fail("is given twice")
				return
			}
			s.out = append(s.out, ',')
		}
		members[i].start = len(s.out)
		s.out = append(s.out, s.scratch[m.start-begin:m.end-begin]...)
		members[i].end = len(s.out)
	}
}

// refuseFolded refuses keys that a reader which ignores case takes for one.
func (s *scanner) refuseFolded(members []member) {
	seen := make(map[string]string, len(members))
	for _, m := range members {
		folded := fold(m.key)
		if other, twice := seen[folded]; twice {
			s.path = append(s.path, m.key)
			s.fail("differs from %s only in case", printable(other))
			return
		}
		seen[folded] = m.key
	}
}

// fold maps all spellings of a key that a reader ignoring case, such as
// encoding/json, takes for one to the same string.
func fold(key string) string {
	return strings.Map(func(r rune) rune {
		least := unicode.SimpleFold(r)
		for other := least; other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return min(least, r)
	}, key)
}

// isFolded says that key is its own folded form, as nearly all keys are. (It
// may say no without need.)
func isFolded(key string) bool {
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
