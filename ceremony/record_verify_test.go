package ceremony_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// failing returns the names of the checks that did not pass.
func failing(checks []token.Check) []string {
	var names []string
	for _, c := range checks {
		if !c.Pass && !c.Open {
			names = append(names, c.Name)
		}
	}
	return names
}

// TestCheckRecord: a record is what the journal tells, or it is refused.
func TestCheckRecord(t *testing.T) {
	s, tokens := signedOnce(t)
	before := s.contents()
	s.must(s.signWith(s.proposalOf("root"), "Bo", tokens["Bo"], "123123"))
	after := s.contents()
	other, _ := signedOnce(t)
	theirs := other.contents()

	for name, c := range map[string]struct {
		change func(r *record.Record)
		in     *trust.Contents
		fails  []string
	}{
		"as it is":                    {in: &before},
		"by itself":                   {},
		"the journal has gone on":     {in: &after},
		"no journal":                  {in: &trust.Contents{}, fails: []string{"copy"}},
		"the journal of another site": {in: &theirs, fails: []string{"copy"}},
		"another consent":             {func(r *record.Record) { r.Sites[0].Signatures[0].Consent = "sign root 2" }, &before, []string{"record"}},
		"another check":               {func(r *record.Record) { r.Sites[0].Preflights[0].Checks[0].Pass = false }, nil, []string{"record"}},
		"a note left out":             {func(r *record.Record) { r.Sites[0].Notes = r.Sites[0].Notes[1:] }, nil, []string{"record"}},
		"another head":                {func(r *record.Record) { r.Sites[0].Head[0] ^= 1 }, nil, []string{"record"}},
		"fewer lines":                 {func(r *record.Record) { r.Sites[0].Events-- }, nil, []string{"record"}},
		"more lines":                  {func(r *record.Record) { r.Sites[0].Events++ }, nil, []string{"record"}},
		"a byte of the journal":       {func(r *record.Record) { r.Sites[0].Journal[100] ^= 1 }, nil, []string{"journal"}},
		"no journal in it":            {func(r *record.Record) { r.Sites[0].Journal = nil }, nil, []string{"record"}},
		"another history": {func(r *record.Record) {
			rewritten := bytes.Replace(r.Sites[0].Journal, []byte("wall clock"), []byte("wall watch"), 1)
			r.Sites = recordOf(t, trust.Contents{Journals: sites(rechained(t, rewritten))}).Sites
		}, &before, []string{"copy"}},
		"another signature": {func(r *record.Record) { r.Sites[0].Signatures[0].Sig = "00" }, &before, []string{"record", "signature", "signatures"}},
		"another holder":    {func(r *record.Record) { r.Sites[0].Signatures[0].Holder = "Cy" }, &before, []string{"record", "signature", "signatures"}},
	} {
		r := recordOf(t, before)
		if c.change != nil {
			c.change(r)
		}
		checks, err := record.Check(r, c.in, nil)
		s.must(err)
		if got := failing(checks); !slices.Equal(got, c.fails) {
			t.Errorf("%s: %v failed, want %v: %+v", name, got, c.fails, checks)
		}
	}
}

// rechained is a journal whose lines were changed, made to hold together again.
func rechained(t *testing.T, lines []byte) []byte {
	t.Helper()
	var entries []journal.Entry
	for line := range bytes.Lines(lines) {
		var e journal.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return journalOf(t, entries...)
}
