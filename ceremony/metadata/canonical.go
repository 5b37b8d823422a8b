package metadata

import (
	"bytes"
	"fmt"
	"strings"
)

// Canonical returns the OLPC canonical form of a JSON text: keys sorted by
// code point, no blanks, and no escapes but those of quotes and backslashes.
// This form is what gets signed (TUF 1.0, 4.1); its control characters are
// bare, so it need not be valid JSON. A text that is canonical already is
// returned without a copy. It returns a *FieldError.
func Canonical(text []byte) ([]byte, error) {
	s, err := scan(text, "", false)
	if err != nil {
		return nil, err
	}
	return s.canonical(), nil
}

// Compact returns the form of a file: Canonical, but with control characters
// escaped, which makes it valid JSON again. Canonical(Compact(x)) is
// Canonical(x). It returns a *FieldError.
func Compact(text []byte) ([]byte, error) {
	canonical, err := Canonical(text)
	if err != nil {
		return nil, err
	}
	return escapeControls(canonical), nil
}

// escapeControls turns a canonical text into its file form. Control
// characters stand in a canonical text only inside strings.
func escapeControls(canonical []byte) []byte {
	isControl := func(r rune) bool { return r < ' ' }
	if bytes.IndexFunc(canonical, isControl) < 0 {
		return canonical
	}
	out := make([]byte, 0, len(canonical)+len(canonical)/32)
	for _, c := range canonical {
		switch {
		case c >= ' ':
			out = append(out, c)
		case strings.IndexByte("\b\t\n\f\r", c) >= 0:
			out = append(out, '\\', "btn_fr"[c-'\b'])
		default:
			out = fmt.Appendf(out, `\u%04x`, c)
		}
	}
	return out
}

// quote is the canonical form of a string.
func quote(s string) string {
	if strings.ContainsAny(s, `\"`) {
		s = strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`)
	}
	return `"` + s + `"`
}

// unescape undoes the escapes of the canonical form.
func unescape(s []byte) string {
	if bytes.IndexByte(s, '\\') < 0 {
		return string(s)
	}
	plain := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		plain = append(plain, s[i])
	}
	return string(plain)
}
