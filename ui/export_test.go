package ui_test

import (
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/draft"
)

// A finished set that clients would refuse stays in the room, and the journal
// says why.
func TestExportIsRefused(t *testing.T) {
	s := newSite(t).complete()
	c := s.open()
	s.edited(c, draft.Renew{Role: "targets", Days: 2})
	s.signAll(c, "5417501")
	s.signAll(c, "5417502")
	s.now = noon.Add(30 * time.Hour) // it was good for long enough when it was frozen
	e := start(t, setting{}, s.talk)
	e.comesBack()
	e.takes("Write the bundle to a medium")
	e.takes("CEREMONY")
	e.golden("export-refused", "EXPORT-REFUSED", "Targets 2 expires on", "Nothing left this machine.")
	lines, err := s.disk.Lines()
	s.must(err)
	if !strings.Contains(string(lines), `"refused":"targets 2 expires on`) {
		t.Error("the journal does not say why it was refused")
	}
}
