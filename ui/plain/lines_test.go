package plain

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestLinesAreGivenAway: what was read, in whatever pieces, is where it was
// given to and nowhere else; what is too long is no answer, and no end.
func TestLinesAreGivenAway(t *testing.T) {
	long := strings.Repeat("7", 3*maxLine)
	text := "Ada\r\nsign root 1\n86420975\n" + long + "\n\nlast\n" + strings.Repeat("x\n", maxLine) + "90731642"
	for name, r := range map[string]io.Reader{
		"at once":      strings.NewReader(text),
		"byte by byte": iotest.OneByteReader(strings.NewReader(text)),
		"with its end": iotest.DataErrReader(strings.NewReader(text)),
	} {
		l := NewLines(r)
		array := l.held[:cap(l.held)]
		want := append([]string{"Ada", "sign root 1", "86420975", "", "", "last"}, strings.Split(strings.Repeat("x", maxLine), "")...)
		for i, line := range want {
			got, err := l.line()
			if err != nil || string(got) != line {
				t.Fatalf("%s: line %d is %q, %v", name, i, got, err)
			}
			if held := string(array); line != "" && line != "x" && strings.Contains(held, line) || strings.Contains(held[len(l.held):], "7") {
				t.Fatalf("%s: line %d is still held", name, i)
			}
		}
		if got, err := l.line(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %q, %v after the last line", name, got, err)
		}
		if held := strings.Trim(string(array), "\x00"); held != "" {
			t.Errorf("%s: %q is held in the end", name, held)
		}
	}
}
