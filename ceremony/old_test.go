package ceremony_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// said is what a program says of a journal that ends with one of its lines.
type said struct {
	Steps     []string          `json:"steps"`
	Holders   []ceremony.Holder `json:"holders"`
	Roles     any               `json:"roles"`
	Undecided any               `json:"undecided"`
	Draft     any               `json:"draft"`
	Set       any               `json:"set"` // SHA-256 of each file
	Signers   []string          `json:"record_signers"`
	Bundle    string            `json:"bundle"` // SHA-256
}

// oldSite is a site of testdata/old.
type oldSite struct {
	Journal string            `json:"journal"`
	Blobs   []string          `json:"blobs"`
	Said    []json.RawMessage `json:"said"` // by line
	Record  string            `json:"record"`
}

// saidOtherwise is what is said otherwise now, on purpose.
var saidOtherwise = []struct {
	site     string
	from, to int // lines
	part     string
	was, is  string // in its JSON; "": all of it
}{
	// Between the two lines of a founding's withdrawal its tokens stay enrolled.
	{"vienna", 13, 13, "steps", "Bo enrols a token |  |", "Bo enrols a token | token 1002 |"},
	{"vienna", 13, 13, "steps", "Cy enrols a token |  |", "Cy enrols a token | token 1003 |"},
	// Of two rivals the one that is complete stands: nobody signed the other.
	// The clock is compared at each start, before the journal begins.
	{"", 1, 99, "steps", "Check the machine and its clock", "Check the machine"},
	{"", 2, 2, "steps", "preflight | now", "preflight | done"},
	{"vienna", 2, 2, "steps", "plan | to do", "plan | now"},
	{"oslo", 2, 2, "steps", "import | to do", "import | now"},
	{"graz", 2, 2, "steps", "import | to do", "import | now"},
	{"linz", 2, 2, "steps", "import | to do", "import | now"},
	{"bern", 2, 2, "steps", "import | to do", "import | now"},
	// A root that was made alone left targets without a valid signature.
	{"bern", 5, 7, "draft", "", ""},
	{"linz", 9, 12, "roles", `"Expires":"2026-09-01T09:08:00Z"`, `"Expires":"2026-05-05T09:04:00Z"`},
	{"linz", 9, 12, "roles", `"Targets":["wabbit/app"],"Threshold":1,"Version":1`, `"Targets":["wabbit/app"],"Threshold":1,"Version":2`},
}

// TestOldJournals: what an earlier program wrote comes to the same state after
// each of its lines, and to the same bytes.
func TestOldJournals(t *testing.T) {
	for _, name := range []string{"vienna", "oslo", "graz", "linz", "bern"} {
		t.Run(name, func(t *testing.T) {
			var old oldSite
			if err := json.Unmarshal(unpack(t, name+".json"), &old); err != nil {
				t.Fatal(err)
			}
			disk := newMemory()
			for _, b := range old.Blobs {
				if _, err := disk.Put([]byte(b)); err != nil {
					t.Fatal(err)
				}
			}
			lines := bytes.SplitAfter([]byte(old.Journal), []byte("\n"))
			lines = lines[:len(lines)-1]
			if len(lines) != len(old.Said) {
				t.Fatalf("%d lines, and %d things were said", len(lines), len(old.Said))
			}
			for n, line := range lines {
				disk.lines = append(disk.lines, line...)
				c := reopened(t, disk)
				compareSaid(t, name, n+1, saidOf(t, c), old.Said[n])
			}
			c, err := reopened(t, disk).Contents()
			if err != nil {
				t.Fatal(err)
			}
			r, err := recordOf(t, c).JSON()
			if err != nil || string(r) != old.Record {
				t.Errorf("the record is another: %v\n%s", err, r)
			}
			if _, err := record.Read([]byte(old.Record)); err != nil {
				t.Error(err)
			}
			want := unpack(t, name+".tar")
			if b, err := bundles.Encode(c); err != nil || !bytes.Equal(b.Bytes, want) {
				t.Errorf("the journal's bundle has other bytes: %v", err)
			}
			read, err := bundles.Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if b, err := bundles.Encode(read.Contents); err != nil || !bytes.Equal(b.Bytes, want) {
				t.Errorf("what was read is written otherwise: %v", err)
			}
		})
	}
}

func unpack(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata/old", name+".gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// reopened opens a journal at the time of its last line.
func reopened(t *testing.T, disk *memory) *ceremony.Ceremony {
	t.Helper()
	entries, _, err := journal.Read(disk.lines)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ceremony.Open(ceremony.Deps{
		Workspace: disk, Attestations: believer{}, Tool: "test",
		Now: func() time.Time { return entries[len(entries)-1].Time },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func compareSaid(t *testing.T, site string, line int, got said, want json.RawMessage) {
	t.Helper()
	parts := func(data []byte) map[string]any {
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	now, before := parts(marshal(t, got)), parts(want)
	for name := range now {
		is, was := string(marshal(t, now[name])), string(marshal(t, before[name]))
		for _, o := range saidOtherwise {
			if (o.site == site || o.site == "") && o.from <= line && line <= o.to && o.part == name {
				if o.was == "" {
					was = is
				}
				if !strings.Contains(was, o.was) {
					t.Errorf("line %d: %s never said %q", line, name, o.was)
				}
				was = strings.ReplaceAll(was, o.was, o.is)
			}
		}
		if is != was {
			t.Errorf("line %d: %s\n got %s\nwant %s", line, name, is, was)
		}
	}
}

func saidOf(t *testing.T, c *ceremony.Ceremony) said {
	t.Helper()
	out := said{Steps: []string{}, Holders: c.Holders()}
	for _, s := range c.Steps() {
		out.Steps = append(out.Steps, fmt.Sprintf("%s | %s | %v | %s | %s | %s | %s | %s", s.Kind, s.State, s.Who, s.Text, s.Detail, s.Holder, s.Proposal, marshal(t, s.Quorum)))
	}
	roles, err := c.Roles()
	out.Roles = orError(short(roles), err)
	var open []any
	for _, u := range c.Undecided() {
		open = append(open, map[string]any{"Proposal": u.Proposal, "Role": u.Role, "Version": u.Version, "Reason": u.Reason, "Changes": short(u.Changes), "Quorum": u.Quorum, "Bins": u.Bins, "Rivals": u.Rivals})
	}
	out.Undecided = open
	d, err := c.Preview()
	var payloads []any
	for _, p := range d.Payloads {
		payloads = append(payloads, map[string]any{"Role": p.Role, "Version": p.Version, "Bins": p.Bins, "Changes": short(p.Changes)})
	}
	var edits []string
	for _, e := range d.Edits {
		edits = append(edits, e.String())
	}
	out.Draft = orError(map[string]any{"Missing": d.Missing, "Payloads": payloads, "Warnings": d.Warnings, "Voids": d.Voids, "Problem": fmt.Sprint(d.Problem), "Edits": edits}, err)
	for _, h := range c.RecordSigners() {
		out.Signers = append(out.Signers, h.Name+" "+h.KeyID)
	}
	contents, err := c.Contents()
	if err != nil {
		t.Fatal(err)
	}
	out.Set = filesOf(contents)
	b, err := bundles.Encode(contents)
	if err != nil {
		out.Bundle = "error: " + err.Error()
	} else {
		out.Bundle = b.Digest.String()
	}
	return out
}

// filesOf has the digests of what is complete, or says why nothing is.
func filesOf(c trust.Contents) any {
	set, err := trust.Assemble(c)
	if err != nil {
		return "error: " + err.Error()
	}
	files := map[string]string{}
	put := func(role string, f *metadata.File) {
		files[fmt.Sprintf("%d.%s.json", f.Version, role)] = metadata.Sum(f.Bytes).String()
	}
	for _, r := range set.Roots {
		put("root", r)
	}
	put("targets", set.Targets)
	for role, f := range set.Delegated {
		put(role, f)
	}
	return files
}

func orError(v any, err error) any {
	if err != nil {
		return "error: " + err.Error()
	}
	return v
}

// short stands for what is long.
func short(v any) any {
	b, err := json.Marshal(v)
	if err != nil || len(b) > 4000 {
		return fmt.Sprintf("%d bytes of JSON, SHA-256 %s", len(b), metadata.Sum(b))
	}
	return v
}
