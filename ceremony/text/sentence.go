package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sentence is what happened, as people write it: a capital first, a full stop
// last. The name of a file or a field at its beginning stays as it is.
func Sentence(s string) string {
	if s == "" {
		return ""
	}
	if first, _, _ := strings.Cut(s, " "); !strings.ContainsAny(strings.TrimRight(first, ".,:;"), `./\_="0123456789`) {
		r, n := utf8.DecodeRuneInString(s)
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if !strings.ContainsAny(s[len(s)-1:], ".?!") {
		s += "."
	}
	return s
}
