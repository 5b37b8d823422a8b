package text

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Safe returns s so that it can be shown to a person who decides on it: what
// steers a terminal, reorders text or can't be seen stands there as an escape
// (\x1b, \u202e, \u200b), and so does a byte that is no UTF-8. What is left
// takes up the room that it seems to take up, in the order in which it is read.
func Safe(s string) string {
	clean := true
	for _, r := range s {
		if !visible(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1, r < 0x80 && !visible(r):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case visible(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

// visible tells the characters that may stand on a screen as they are. Marks
// that combine are left out: one can hide the letter before it, and nothing a
// ceremony names needs them (a composed letter is one character).
func visible(r rune) bool {
	switch {
	case r == ' ':
		return true
	case r == utf8.RuneError, r == '\u3164', r == '\uffa0', r == '\u2800', r == '\u115f', r == '\u1160':
		return false // printable by Unicode's classes, blank on a screen
	}
	return unicode.IsPrint(r) && !unicode.Is(unicode.M, r)
}

// CheckName says what is wrong with the name of a person or a site, so that
// nobody mistakes one for another: it has 1 to 64 bytes that can be seen, and
// no space around it. what is whose name it is: "a holder".
func CheckName(what, name string) error {
	switch {
	case Safe(name) != name:
		return fmt.Errorf("the name %s of %s holds characters that can't be seen", Safe(name), what)
	case name == "" || len(name) > maxName || strings.TrimSpace(name) != name:
		return fmt.Errorf("%s has a name of 1 to %d bytes, with no space around it", what, maxName)
	}
	return nil
}

const maxName = 64 // bytes

// Skeleton maps a name to what a hasty reader sees: look-alikes come out
// equal. It folds case, accents and width, letters of other scripts that pass
// for Latin ones, and the pairs that a plain font confuses (0/O, 1/l/I, rn/m).
func Skeleton(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(s) {
		switch r = lookAlike(lower(r)); {
		case unicode.Is(unicode.M, r):
			continue
		case r == '0':
			r = 'o'
		case r == '1', r == '|', r == 'i':
			r = 'l'
		case r == '_', r == ' ', r == '.':
			r = '-'
		}
		b.WriteRune(r)
	}
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), "rn", "m"), "vv", "w")
}

// lower is the lower-case letter that a capital is taken for.
func lower(r rune) rune {
	switch r {
	case 'Β', 'В':
		return 'b'
	case 'Ε':
		return 'e'
	case 'Η', 'Н':
		return 'h'
	case 'Μ':
		return 'm'
	case 'Ν':
		return 'n'
	case 'Υ':
		return 'y'
	case 'Ζ':
		return 'z'
	}
	return unicode.ToLower(r)
}

// lookAlike knows the lower-case letters of other scripts that Unicode's
// confusables.txt maps to a Latin letter and that a keyboard of some language
// types; full-width letters and accents are folded before.
func lookAlike(r rune) rune {
	switch r {
	case 'а', 'α':
		return 'a'
	case 'с', 'ϲ', 'ц':
		return 'c'
	case 'ԁ':
		return 'd'
	case 'е', 'ҽ':
		return 'e'
	case 'һ':
		return 'h'
	case 'і', 'ι', 'ı', 'ӏ', 'ⅼ':
		return 'l'
	case 'ј':
		return 'j'
	case 'κ', 'к':
		return 'k'
	case 'м':
		return 'm'
	case 'ո', 'п':
		return 'n'
	case 'о', 'ο', 'օ':
		return 'o'
	case 'р', 'ρ':
		return 'p'
	case 'ԛ':
		return 'q'
	case 'ѕ':
		return 's'
	case 'т', 'τ':
		return 't'
	case 'υ', 'ս':
		return 'u'
	case 'ν', 'ѵ':
		return 'v'
	case 'ω', 'ԝ':
		return 'w'
	case 'х', 'χ':
		return 'x'
	case 'у', 'γ', 'ү':
		return 'y'
	}
	return r
}
