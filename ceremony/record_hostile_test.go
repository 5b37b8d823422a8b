package ceremony_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// journalOf writes a journal as another site's program may have written it.
func journalOf(t *testing.T, events ...journal.Entry) []byte {
	t.Helper()
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	enc.SetEscapeHTML(false)
	var prev metadata.Digest
	for i, e := range events {
		begin := lines.Len()
		e.N, e.Time, e.Prev = i+1, start.Add(time.Duration(i)*time.Minute), prev
		if err := enc.Encode(e); err != nil {
			t.Fatal(err)
		}
		prev = metadata.Sum(lines.Bytes()[begin:])
	}
	return lines.Bytes()
}

// told is a journal in which every text is s.
func told(t *testing.T, s string) []byte {
	t.Helper()
	entry := func(kind string, data any) journal.Entry {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(data); err != nil {
			t.Fatal(err)
		}
		return journal.Entry{Type: kind, Data: bytes.TrimSpace(b.Bytes())}
	}
	type object map[string]any
	id := metadata.Sum([]byte("payload"))
	check := object{"name": s, "pass": false, "reason": s}
	payload := object{"role": s, "version": 1, "payload": id, "signed": id, "base": id, "reason": s}
	signature := object{"proposal": id, "holder": s, "serial": s, "consent": s, "keyid": s, "sig": s}
	return journalOf(t,
		entry("began", object{"kind": s, "site": s, "rehearsal": true, "tool": s, "nonce": s}),
		entry("preflight", object{"checks": []object{check}}),
		entry("clock-confirmed", object{"shown": start, "source": s}),
		entry("plan-accepted", object{"plan": "trust: [" + s, "files": object{"f": s}}),
		entry("enrolling", object{"holder": s, "serial": s}),
		entry("frozen", object{"payloads": []object{payload}, "withdrawn": []metadata.Digest{id}}),
		entry("withdrawn", object{"payload": id, "reason": s}),
		entry("signed", signature),
		entry("imported", object{"name": s, "bundle": id, "trust": s, "proposals": []object{payload}, "signatures": []object{signature}}),
		entry("exported", object{"path": s, "bundle": id, "size": 1}),
		entry("edited", object{"kind": s, "edit": s}),
		entry("edited", object{"kind": "set-threshold", "edit": object{"role": s, "threshold": 2}}),
		entry("blessed", object{"by": s}),
	)
}

// TestHostileJournal: what another site writes stays text, in every form.
func TestHostileJournal(t *testing.T) {
	for _, s := range []string{"x", "", "| a |\n# b", "```\n# out", "<script>", "</table>", "\x1b[2J\u202e\u009b", "\xff", "[a](b)", "&lt;"} {
		checkTold(t, s)
	}
}

func FuzzRecord(f *testing.F) {
	f.Add("| a |\n# b\x1b[2J")
	f.Add("```\n</pre><script>")
	f.Fuzz(checkTold)
}

func checkTold(t *testing.T, s string) {
	t.Helper()
	r := recordOf(t, trust.Contents{Journals: sites(told(t, s))})
	plain := recordOf(t, trust.Contents{Journals: sites(told(t, "x"))})
	if a, b := pipes(r), pipes(plain); s != "" && a != b && !strings.ContainsAny(s, "\n") {
		t.Errorf("%q changes the tables: %d borders instead of %d", s, a, b)
	}
	raw, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string][]byte{"Markdown": r.Paper().Markdown(), "HTML": r.Paper().HTML(), "JSON": raw} {
		if safe := text.Safe(strings.ReplaceAll(string(form), "\n", "")); safe != strings.ReplaceAll(string(form), "\n", "") {
			t.Errorf("%q: the %s holds what can't be seen", s, name)
		}
	}
	if page := string(r.Paper().HTML()); strings.Contains(page, "<script") {
		t.Errorf("%q gets a script into the page", s)
	}
	if _, err := record.Read(raw); err != nil {
		t.Errorf("%q: its own record is refused: %v", s, err)
	}
	checks, err := record.Check(r, &trust.Contents{Journals: sites(told(t, s))}, nil)
	if bad := failing(checks); err != nil || bad != nil {
		t.Errorf("%q: its own record does not verify: %v, %v", s, bad, err)
	}
}

// pipes counts the borders of all cells.
func pipes(r *record.Record) int {
	n := 0
	for line := range strings.Lines(string(r.Paper().Markdown())) {
		if strings.HasPrefix(line, "|") {
			n += strings.Count(line, "|")
		}
	}
	return n
}

func sites(journals ...[]byte) []trust.SiteJournal {
	var list []trust.SiteJournal
	for _, j := range journals {
		list = append(list, trust.SiteJournal{Site: journal.SiteID(j), Lines: j})
	}
	return list
}
