package ceremony_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
)

// TestOpenRefusesUnknownEvents: a journal of a newer program is not half understood.
func TestOpenRefusesUnknownEvents(t *testing.T) {
	s, _ := founded(t)
	first, _, _ := bytes.Cut(s.disk.lines, []byte("\n"))
	s.disk.lines = append(bytes.Replace(first, []byte(`"began"`), []byte(`"blessed"`), 1), '\n')
	_, err := ceremony.Open(ceremony.Deps{Workspace: s.disk, Now: s.time.now})
	if !isType[*journal.Error](err) || !strings.Contains(err.Error(), "blessed") {
		t.Errorf("got %v", err)
	}
}
