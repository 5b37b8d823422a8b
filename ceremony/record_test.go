package ceremony_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with the file of that name in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it anew):\n%s", name, got)
	}
}

// signedOnce is a founding with one signature, by Ada over root 1.
func signedOnce(t *testing.T) (*site, map[string]*softToken) {
	t.Helper()
	s, tokens := founded(t)
	s.must(s.signWith(s.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
	return s, tokens
}

func recordOf(t *testing.T, c trust.Contents) *record.Record {
	t.Helper()
	r, err := record.New(c.Journals)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *site) contents() trust.Contents {
	s.t.Helper()
	c, err := s.Contents()
	s.must(err)
	return c
}

// TestRecord: everything that happened stands in the record of each site.
func TestRecord(t *testing.T) {
	vienna, tokens := signedOnce(t)
	oslo := newSite(t)
	oslo.begin(ceremony.Cosigning, "oslo")
	digest := metadata.Sum([]byte("bundle"))
	_, err := oslo.Import(vienna.contents(), "stick/one.tar", digest)
	oslo.must(err)
	oslo.must(oslo.signWith(oslo.proposalOf("root"), "Cy", tokens["Cy"], "123123"))
	oslo.must(oslo.Exported("stick/two.tar", metadata.Sum([]byte("second")), 4711))

	r := recordOf(t, oslo.contents())
	if len(r.Sites) != 2 {
		t.Fatalf("the record tells of %d sites", len(r.Sites))
	}
	first, second := r.Sites[0], r.Sites[1]
	if first.Site != "vienna" {
		first, second = second, first
	}
	if first.Site != "vienna" || first.Trust != "rehearsal-wabbit" || first.Kind != string(ceremony.Founding) || !first.Rehearsal || first.Tool != "test" {
		t.Errorf("vienna: %+v", first)
	}
	if len(first.Plans) != 1 || first.Plans[0].SHA256 != metadata.Sum([]byte(planText)) || len(first.Clocks) != 1 || len(first.Preflights) != 1 {
		t.Errorf("vienna: %+v", first)
	}
	if len(first.Enrolments) != 3 || first.Enrolments[0].Holder != "Ada" || first.Enrolments[0].Serial != "1001" || !first.Enrolments[0].Passed {
		t.Errorf("enrolments: %+v", first.Enrolments)
	}
	if len(first.Payloads) != 2 || first.Payloads[0].Digest != vienna.proposalOf("root") || first.Payloads[0].Imported {
		t.Errorf("payloads: %+v", first.Payloads)
	}
	words := text.Words(vienna.proposalOf("root"))
	if first.Payloads[0].Words != strings.Join(words[:], " ") {
		t.Errorf("words: %s", first.Payloads[0].Words)
	}
	if s := first.Signatures; len(s) != 1 || s[0].Holder != "Ada" || s[0].Serial != "1001" || !strings.HasPrefix(s[0].Consent, "sign root 1; words ") {
		t.Errorf("signatures: %+v", s)
	}
	if p := first.People; len(p) != 3 || p[0].Name != "Ada" || !slices.Equal(p[0].Did, []string{"enrolled token 1001", "signed root 1"}) {
		t.Errorf("people: %+v", p)
	}
	if b := second.Bundles; len(b) != 2 || b[0].SHA256 != digest || !b[0].Imported || b[1].Name != "stick/two.tar" || b[1].Size != 4711 {
		t.Errorf("bundles: %+v", b)
	}
	if p := second.People; len(p) != 1 || p[0].Name != "Cy" {
		t.Errorf("people of oslo: %+v: who signed elsewhere was not there", p)
	}
	// The plan lets tokens without an attestation in, and three were.
	if notes := first.Notes; len(notes) != 4 || !strings.Contains(notes[0].Text, "without an attestation") {
		t.Errorf("notes: %+v", notes)
	}
	for _, s := range r.Sites {
		if s.Events != len(s.Lines) || s.Lines[0].Time != start || s.Head.IsZero() {
			t.Errorf("%s: %d events and %d lines", s.Site, s.Events, len(s.Lines))
		}
	}
}

// TestReadRecord: a record has one spelling.
func TestReadRecord(t *testing.T) {
	s, _ := signedOnce(t)
	text, err := recordOf(t, s.contents()).JSON()
	s.must(err)
	again, err := record.Read(text)
	s.must(err)
	if twice, err := again.JSON(); err != nil || !bytes.Equal(text, twice) {
		t.Errorf("it is written in two ways: %v", err)
	}
	for name, bad := range map[string][]byte{
		"nothing":         nil,
		"an empty object": []byte("{}\n"),
		"another form":    bytes.Replace(text, []byte("conclave-record/1"), []byte("conclave-record/9"), 1),
		"a second key":    bytes.Replace(text, []byte(`"form"`), []byte(`"form": "x", "form"`), 1),
		"a field more":    bytes.Replace(text, []byte(`"form"`), []byte(`"more": 1, "form"`), 1),
		"another blank":   bytes.Replace(text, []byte(`"form": `), []byte(`"form":  `), 1),
		"text after it":   append(bytes.Clone(text), "{}\n"...),
	} {
		if _, err := record.Read(bad); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add([]byte("{\n  \"form\": \"conclave-record/1\",\n  \"sites\": []\n}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := record.Read(text)
		if err != nil {
			return
		}
		again, err := r.JSON()
		if err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q is written as %q, %v", text, again, err)
		}
		r.Paper().HTML()
		if _, err := record.Check(r, nil, nil); err != nil {
			t.Errorf("it can't be checked: %v", err)
		}
	})
}

// TestRecordForms compares both forms of a record with what they were.
func TestRecordForms(t *testing.T) {
	p := recordOf(t, trust.Contents{Journals: sites(told(t, "<a> | b"))}).Paper()
	golden(t, "record.md", p.Markdown())
	golden(t, "record.html", p.HTML())
}

// TestNewRecord: a broken journal gives no record.
func TestNewRecord(t *testing.T) {
	good := told(t, "x")
	for name, j := range map[string]trust.SiteJournal{
		"torn":            {Site: journal.SiteID(good), Lines: good[:len(good)-1]},
		"of another site": {Site: strings.Repeat("0", 64), Lines: good},
		"changed":         {Site: journal.SiteID(good), Lines: bytes.Replace(good, []byte(`"shown"`), []byte(`"known"`), 1)},
	} {
		if _, err := record.New([]trust.SiteJournal{j}); err == nil {
			t.Errorf("%s: there is a record", name)
		}
	}
}

// TestNote: what people write down any time stands in the record, also after a restart.
func TestNote(t *testing.T) {
	s, _ := founded(t)
	s.must(s.Note("Ada", "Bo left the room at 10:05, and came back at 10:20."))
	s.restart()
	c, err := s.Contents()
	s.must(err)
	r, err := record.New(c.Journals)
	s.must(err)
	notes := r.Sites[0].Notes
	if last := notes[len(notes)-1]; last.Text != "Bo left the room at 10:05, and came back at 10:20." || last.Who != "Ada" {
		t.Errorf("notes: %+v", notes)
	}
}
