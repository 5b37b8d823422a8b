package journal_test

import (
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/journal"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, file, lines string
		torn              journal.Torn
		says              string
	}{
		{"nothing", "", "", journal.Torn{}, ""},
		{"whole", "one\ntwo\n", "one\ntwo\n", journal.Torn{}, ""},
		{"half a first line", `{"n":1`, "", journal.Torn{Bytes: 6}, "6 bytes after entry 0 "},
		{"half a line", "one\ntw", "one\n", journal.Torn{Bytes: 2, After: 1}, "2 bytes after entry 1 "},
		{"zeros", "one\ntwo\n\x00\x00\x00", "one\ntwo\n", journal.Torn{Bytes: 3, After: 2}, "3 bytes after entry 2 "},
		{"zeros and an end", "one\n\x00\n", "one\n", journal.Torn{Bytes: 2, After: 1}, "2 bytes after entry 1 "},
	} {
		lines, torn := journal.Split([]byte(c.file))
		if string(lines) != c.lines || torn != c.torn || !strings.Contains(torn.String(), c.says) || (c.says == "") != (torn.String() == "") {
			t.Errorf("%s: got %q, %+v: %s", c.name, lines, torn, torn)
		}
	}
}
