package metadata

import (
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxInteger is the largest integer that every JSON reader keeps exact (RFC 8259, 6).
	maxInteger = 1<<53 - 1
	// maxDigits is how many digits maxInteger has.
	maxDigits = 16
)

// key reads the key of a member and decodes it. It is never nil.
func (s *scanner) key() []byte {
	if s.peek() != '"' {
		s.unexpected("a key in quotes")
		return []byte{}
	}
	begin, start := s.at, s.position()
	if s.text() {
		return s.src[begin+1 : s.at-1]
	}
	if s.err != nil {
		return []byte{}
	}
	s.flush()
	return []byte(unescape(s.out[start+1 : len(s.out)-1]))
}

// text reads a string. It says whether it held no escapes.
func (s *scanner) text() (verbatim bool) {
	verbatim = true
	s.at++
	for s.at < len(s.src) {
		switch c := s.src[s.at]; {
		case c == '"':
			s.at++
			return verbatim
		case c == '\\':
			verbatim = false
			s.escape()
		case c < ' ':
			s.fail("holds the bare control character 0x%02x at byte %d", c, s.at)
		case c < utf8.RuneSelf:
			s.at++
		default:
			r, n := utf8.DecodeRune(s.src[s.at:])
			if r == utf8.RuneError && n == 1 {
				s.fail("is no valid UTF-8 at byte %d", s.at)
			}
			s.at += n
		}
	}
	s.at = len(s.src)
	s.fail("ends inside a string")
	return false
}

// escape reads one escape sequence. The canonical form escapes only quotes and backslashes.
func (s *scanner) escape() {
	if s.at+1 >= len(s.src) {
		s.fail("ends inside a string")
		return
	}
	switch c := s.src[s.at+1]; c {
	case '"', '\\':
		s.at += 2
	case '/':
		s.replace(2, "/")
	case 'b':
		s.replace(2, "\b")
	case 'f':
		s.replace(2, "\f")
	case 'n':
		s.replace(2, "\n")
	case 'r':
		s.replace(2, "\r")
	case 't':
		s.replace(2, "\t")
	case 'u':
		s.unicodeEscape()
	default:
		s.fail("holds an unknown escape at byte %d", s.at)
	}
}

// unicodeEscape reads \uXXXX, or two of them that make a pair.
func (s *scanner) unicodeEscape() {
	r, n := s.hex4(s.at), 6
	if utf16.IsSurrogate(r) {
		r = utf16.DecodeRune(r, s.hex4(s.at+6))
		n = 12
	}
	switch r {
	case unicode.ReplacementChar:
		if n == 6 {
			s.replace(n, "\ufffd")
			return
		}
		s.fail("holds half a surrogate pair at byte %d", s.at)
	case -1:
		s.fail("holds an unknown escape at byte %d", s.at)
	case '"':
		s.replace(n, `\"`)
	case '\\':
		s.replace(n, `\\`)
	default:
		s.replace(n, string(r))
	}
}

// hex4 is the code unit of the escape \uXXXX at i, -1 where none stands there.
func (s *scanner) hex4(i int) rune {
	if i+6 > len(s.src) || s.src[i] != '\\' || s.src[i+1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(s.src[i+2:i+6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

func (s *scanner) number() {
	begin := s.at
	if s.peek() == '-' {
		s.at++
	}
	digits := s.at
	for s.at < len(s.src) && '0' <= s.src[s.at] && s.src[s.at] <= '9' && s.at-digits <= maxDigits {
		s.at++
	}
	text := string(s.src[begin:s.at])
	n, err := strconv.ParseInt(text, 10, 64)
	switch c := s.peek(); {
	case c == '.' || c == 'e' || c == 'E':
		s.fail("must be a whole number without fraction and exponent")
	case s.at == digits:
		s.unexpected("a digit")
	case err != nil || n > maxInteger || n < -maxInteger:
		s.fail("is beyond 2^53 - 1, where readers disagree")
	case s.src[digits] == '0' && text != "0":
		s.fail("is not in the plain form of a number: %s instead of %d", text, n)
	}
}
