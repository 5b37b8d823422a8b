package ceremony_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
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

func recordOf(t *testing.T, c ceremony.Contents) *ceremony.Record {
	t.Helper()
	r, err := ceremony.NewRecord(c.Journals)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s *site) contents() ceremony.Contents {
	s.t.Helper()
	c, err := s.Contents()
	s.must(err)
	return c
}

// TestRecord: everything that happened stands in the record of each site.
func TestRecord(t *testing.T) {
	vienna, tokens := signedOnce(t)
	oslo := newSite(t)
	oslo.begin(ceremony.Cosign, "oslo")
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
	if first.Site != "vienna" || first.Trust != "rehearsal-wabbit" || first.Kind != ceremony.Found || !first.Rehearsal || first.Tool != "test" {
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
	words := ceremony.Words(vienna.proposalOf("root"))
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
	again, err := ceremony.ReadRecord(text)
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
		if _, err := ceremony.ReadRecord(bad); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
}

func FuzzReadRecord(f *testing.F) {
	f.Add([]byte("{\n  \"form\": \"conclave-record/1\",\n  \"sites\": []\n}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ceremony.ReadRecord(text)
		if err != nil {
			return
		}
		again, err := r.JSON()
		if err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q is written as %q, %v", text, again, err)
		}
		r.Paper().HTML()
		if _, err := ceremony.CheckRecord(r, ceremony.Contents{}); err != nil {
			t.Errorf("it can't be checked: %v", err)
		}
	})
}

// failing returns the names of the checks that did not pass.
func failing(checks []ceremony.Check) []string {
	var names []string
	for _, c := range checks {
		if !c.Pass {
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

	for name, c := range map[string]struct {
		change func(r *ceremony.Record)
		in     ceremony.Contents
		fails  []string
	}{
		"as it is":                    {in: before},
		"the journal has gone on":     {in: after},
		"no journal":                  {in: ceremony.Contents{}, fails: []string{"journal"}},
		"the journal of another site": {in: other.contents(), fails: []string{"journal"}},
		"another consent":             {func(r *ceremony.Record) { r.Sites[0].Signatures[0].Consent = "sign root 2" }, before, []string{"record"}},
		"another check":               {func(r *ceremony.Record) { r.Sites[0].Preflights[0].Checks[0].Pass = false }, before, []string{"record"}},
		"a note left out":             {func(r *ceremony.Record) { r.Sites[0].Notes = r.Sites[0].Notes[1:] }, before, []string{"record"}},
		"another head":                {func(r *ceremony.Record) { r.Sites[0].Head[0] ^= 1 }, before, []string{"record"}},
		"fewer lines":                 {func(r *ceremony.Record) { r.Sites[0].Events-- }, before, []string{"record"}},
		"no line":                     {func(r *ceremony.Record) { r.Sites[0].Events = 0 }, before, []string{"record"}},
		"more lines":                  {func(r *ceremony.Record) { r.Sites[0].Events++ }, before, []string{"record"}},
		"another signature":           {func(r *ceremony.Record) { r.Sites[0].Signatures[0].Sig = "00" }, before, []string{"record", "signature", "signatures"}},
		"another holder":              {func(r *ceremony.Record) { r.Sites[0].Signatures[0].Holder = "Cy" }, before, []string{"record", "signature", "signatures"}},
	} {
		r := recordOf(t, before)
		if c.change != nil {
			c.change(r)
		}
		checks, err := ceremony.CheckRecord(r, c.in)
		s.must(err)
		if got := failing(checks); !slices.Equal(got, c.fails) {
			t.Errorf("%s: %v failed, want %v: %+v", name, got, c.fails, checks)
		}
	}
}

// TestVerifyRecord: a holder's signature stands for one head of one journal of
// one trust.
func TestVerifyRecord(t *testing.T) {
	s, tokens := signedOnce(t)
	c := s.contents()
	r := recordOf(t, c)
	payload := r.Sites[0].Payload()
	if bytes.HasPrefix(payload, []byte("{")) || !bytes.Contains(payload, []byte("trust: rehearsal-wabbit\n")) {
		t.Fatalf("the payload is %q", payload)
	}
	keys, err := ceremony.HolderKeys(c)
	s.must(err)
	if len(keys) != 3 {
		t.Fatalf("%d keys are of holders", len(keys))
	}
	sign := func(holder string, payload []byte) metadata.Signature {
		token := tokens[holder]
		sig, err := token.Sign(t.Context(), pin("123123"), payload)
		s.must(err)
		info, err := token.Info(t.Context())
		s.must(err)
		return metadata.Signature{KeyID: info.Key.ID(), Sig: hex.EncodeToString(sig)}
	}
	good := sign("Ada", payload)
	stranger := good
	stranger.KeyID = strings.Repeat("ab", 32)
	borrowed := sign("Bo", payload)
	borrowed.KeyID = good.KeyID
	for name, c := range map[string]struct {
		sig  metadata.Signature
		pass bool
	}{
		"good":                 {good, true},
		"a stranger's key":     {stranger, false},
		"of another key":       {borrowed, false},
		"over another payload": {sign("Ada", append(bytes.Clone(payload), '\n')), false},
		"no hex":               {metadata.Signature{KeyID: good.KeyID, Sig: "xyz"}, false},
		"empty":                {metadata.Signature{KeyID: good.KeyID}, false},
	} {
		checks := ceremony.VerifyRecord(payload, []metadata.Signature{c.sig}, keys)
		if len(checks) != 1 || checks[0].Pass != c.pass {
			t.Errorf("%s: %+v", name, checks)
		}
	}

	// In a record it travels, and serves for that site alone.
	r.Heads = []ceremony.HeadSignature{{Site: r.Sites[0].ID, Signature: good}}
	text, err := r.JSON()
	s.must(err)
	r, err = ceremony.ReadRecord(text)
	s.must(err)
	checks, err := ceremony.CheckRecord(r, c)
	s.must(err)
	if bad := failing(checks); bad != nil || !strings.Contains(checks[len(checks)-1].Reason, "Ada") {
		t.Errorf("%v failed: %+v", bad, checks)
	}
	r.Heads[0].Site = "0000"
	checks, err = ceremony.CheckRecord(r, c)
	s.must(err)
	if bad := failing(checks); !slices.Equal(bad, []string{"head signature"}) {
		t.Errorf("a signature over no site: %v failed", bad)
	}
}

// journalOf writes a journal as another site's program may have written it.
func journalOf(t *testing.T, events ...ceremony.Entry) []byte {
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
	entry := func(kind string, data any) ceremony.Entry {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(data); err != nil {
			t.Fatal(err)
		}
		return ceremony.Entry{Type: kind, Data: bytes.TrimSpace(b.Bytes())}
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
	r := recordOf(t, ceremony.Contents{Journals: sites(told(t, s))})
	plain := recordOf(t, ceremony.Contents{Journals: sites(told(t, "x"))})
	if a, b := pipes(r), pipes(plain); s != "" && a != b && !strings.ContainsAny(s, "\n") {
		t.Errorf("%q changes the tables: %d borders instead of %d", s, a, b)
	}
	text, err := r.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, form := range map[string][]byte{"Markdown": r.Paper().Markdown(), "HTML": r.Paper().HTML(), "JSON": text} {
		if safe := ceremony.Safe(strings.ReplaceAll(string(form), "\n", "")); safe != strings.ReplaceAll(string(form), "\n", "") {
			t.Errorf("%q: the %s holds what can't be seen", s, name)
		}
	}
	if page := string(r.Paper().HTML()); strings.Contains(page, "<script") {
		t.Errorf("%q gets a script into the page", s)
	}
	if _, err := ceremony.ReadRecord(text); err != nil {
		t.Errorf("%q: its own record is refused: %v", s, err)
	}
	checks, err := ceremony.CheckRecord(r, ceremony.Contents{Journals: sites(told(t, s))})
	if bad := failing(checks); err != nil || bad != nil {
		t.Errorf("%q: its own record does not verify: %v, %v", s, bad, err)
	}
}

func pipes(r *ceremony.Record) int { return bytes.Count(r.Paper().Markdown(), []byte("|")) }

func sites(journals ...[]byte) []ceremony.SiteJournal {
	var list []ceremony.SiteJournal
	for _, j := range journals {
		list = append(list, ceremony.SiteJournal{Site: ceremony.SiteID(j), Lines: j})
	}
	return list
}

// TestRecordForms compares both forms of a record with what they were.
func TestRecordForms(t *testing.T) {
	p := recordOf(t, ceremony.Contents{Journals: sites(told(t, "<a> | b"))}).Paper()
	golden(t, "record.md", p.Markdown())
	golden(t, "record.html", p.HTML())
}

// TestNewRecord: a broken journal gives no record.
func TestNewRecord(t *testing.T) {
	good := told(t, "x")
	for name, j := range map[string]ceremony.SiteJournal{
		"torn":            {Site: ceremony.SiteID(good), Lines: good[:len(good)-1]},
		"of another site": {Site: strings.Repeat("0", 64), Lines: good},
		"changed":         {Site: ceremony.SiteID(good), Lines: bytes.Replace(good, []byte(`"shown"`), []byte(`"known"`), 1)},
	} {
		if _, err := ceremony.NewRecord([]ceremony.SiteJournal{j}); err == nil {
			t.Errorf("%s: there is a record", name)
		}
	}
}
