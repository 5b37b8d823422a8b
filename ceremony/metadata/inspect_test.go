package metadata_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
)

// named is a set under the names that a repository gives its files.
func named(s *metadata.Set) map[string][]byte {
	files := map[string][]byte{
		"1.root.json": s.Roots[0].Bytes, "timestamp.json": s.Timestamp.Bytes,
		"3.snapshot.json": s.Snapshot.Bytes, "3.targets.json": s.Targets.Bytes,
	}
	for role, f := range s.Delegated {
		files["3."+role+".json"] = f.Bytes
	}
	return files
}

func TestInspectSet(t *testing.T) {
	tr := newTrust(t, "wabbit")
	s := tr.set(t, 3)
	report, err := metadata.Inspect(named(s), now)
	must(t, err)
	if !report.Verified || report.Scope != metadata.ScopeWhole || report.Trust != "wabbit" || *report.Roots != (metadata.RootRange{First: 1, Last: 1}) {
		t.Fatalf("got %+v", report)
	}
	var order []string
	for _, f := range report.Files {
		order = append(order, f.Role)
	}
	if want := []string{"root", "timestamp", "snapshot", "targets", "team"}; !slices.Equal(order, want) {
		t.Errorf("got %q, want %q", order, want)
	}
	root := report.Files[0]
	if root.Payload != s.Roots[0].Digest() || root.SHA256 != metadata.Sum(s.Roots[0].Bytes) || root.Size != len(s.Roots[0].Bytes) {
		t.Errorf("got %+v", root)
	}
	if sig := root.Signatures[0]; len(root.Signatures) != 1 || sig.By != "root 1" || sig.Valid != 3 || sig.Needed != 2 || !sig.Met {
		t.Errorf("got %+v", root.Signatures)
	}
	var holders []string
	for _, k := range root.Roles[0].Keys {
		holders = append(holders, k.Holder)
	}
	if root.Roles[0].Name != "root" || root.Roles[0].Threshold != 2 || !slices.Contains(holders, "Ada") {
		t.Errorf("got %+v", root.Roles[0])
	}
	if targets := report.Files[3]; targets.Targets != 1 || targets.Roles[0].Name != "team" || targets.Roles[0].Keys[0].Scheme != "ed25519" {
		t.Errorf("got %+v", targets)
	}
}

func TestInspectChain(t *testing.T) {
	tr := newTrust(t, "wabbit")
	fresh := newSigners(t, 3)
	root1 := tr.rootFile(t, 1, tr.root...)
	root2 := tr.nextRoot(t, 2, fresh, append(tr.root[:2:2], fresh...)...)
	report, err := metadata.Inspect(map[string][]byte{"root_history/1.root.json": root1.Bytes, "root_history/2.root.json": root2.Bytes, "root.json": root2.Bytes}, now)
	must(t, err)
	if !report.Verified || report.Scope != metadata.ScopeChain || report.Roots.Last != 2 || len(report.Files) != 3 {
		t.Fatalf("got %+v", report)
	}
	sigs := report.Files[2].Signatures
	if len(sigs) != 2 || sigs[0].By != "old root 1" || sigs[0].Valid != 2 || sigs[1].By != "new root 2" || sigs[1].Valid != 3 {
		t.Errorf("got %+v", sigs)
	}
}

func TestInspectProblems(t *testing.T) {
	tr := newTrust(t, "wabbit")
	s := tr.set(t, 3)
	keep := func(names ...string) map[string][]byte {
		all, files := named(s), map[string][]byte{}
		for _, name := range names {
			files[name] = all[name]
		}
		return files
	}
	with := func(files map[string][]byte, name string, b []byte) map[string][]byte {
		files[name] = b
		return files
	}
	for _, c := range []struct {
		name     string
		files    map[string][]byte
		scope    metadata.Scope
		problems []string
	}{
		{"a root alone", keep("1.root.json"), metadata.ScopeChain, nil},
		{"a targets alone", keep("3.targets.json"), metadata.ScopeNone, []string{"not verified: there is no root"}},
		{"the offline part", keep("1.root.json", "3.targets.json", "3.team.json"), metadata.ScopePart, nil},
		{"no targets", keep("1.root.json", "timestamp.json", "3.snapshot.json"), metadata.ScopePart, []string{"the set is not complete"}},
		{"a delegated role without its parent", keep("1.root.json", "3.team.json"), metadata.ScopePart, []string{"team is not verified: no file here delegates to it"}},
		{"a missing delegated role", keep("1.root.json", "timestamp.json", "3.snapshot.json", "3.targets.json"), metadata.ScopeWhole, []string{"team is missing"}},
		{"a file that is none", with(named(s), "notes.json", []byte(`{"a":1}`)), metadata.ScopeWhole, []string{"notes.json can't be read: signatures is missing"}},
		{"a name that steers a terminal", with(named(s), "\x1b[2J.json", nil), metadata.ScopeWhole, []string{`"\x1b[2J.json" can't be read`}},
		{"two roots of one version", with(named(s), "root.json", tr.rootFile(t, 1, tr.root[:2]...).Bytes), metadata.ScopeWhole, nil}, // other signatures
		{"two different roots of one version", with(named(s), "root.json", (&trust{"x", tr.root, tr.targets, tr.online, tr.team}).rootFile(t, 1, tr.root...).Bytes),
			metadata.ScopeWhole, []string{"two different files for root 1"}},
		{"an older snapshot beside it", with(named(s), "2.snapshot.json", tr.set(t, 2).Snapshot.Bytes), metadata.ScopeWhole, nil},
		{"a newer targets beside it", with(named(s), "9.targets.json", tr.set(t, 9).Targets.Bytes), metadata.ScopeWhole, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			report, err := metadata.Inspect(c.files, now)
			must(t, err)
			if report.Scope != c.scope || len(report.Problems) != len(c.problems) || report.Verified != (len(c.problems) == 0) || len(report.Files) != len(c.files) {
				t.Fatalf("got %+v", report)
			}
			for i, want := range c.problems {
				if !strings.Contains(report.Problems[i], want) {
					t.Errorf("got %q, want %q", report.Problems[i], want)
				}
			}
		})
	}
	if _, err := metadata.Inspect(nil, now); err == nil {
		t.Error("nothing was inspected")
	}
}

// What has expired since is told apart from what is wrong.
func TestInspectExpired(t *testing.T) {
	s := newTrust(t, "wabbit").set(t, 3)
	report, err := metadata.Inspect(named(s), later.Add(time.Hour))
	must(t, err)
	if report.Verified || len(report.Problems) != 0 || len(report.Expired) != 5 || !report.Files[0].Expired {
		t.Errorf("got %+v", report)
	}
}

// The report is what scripts read: its names are a promise.
func TestInspectJSON(t *testing.T) {
	s := newTrust(t, "wabbit").set(t, 3)
	report, err := metadata.Inspect(named(s), now)
	must(t, err)
	b, err := json.Marshal(report)
	must(t, err)
	for _, want := range []string{
		`"trust":"wabbit"`, `"at":"2027-03-01T12:00:00Z"`, `"scope":"published set"`, `"roots":{"first":1,"last":1}`, `"verified":true`,
		`"expired":[]`, `"problems":[]`, `"name":"1.root.json"`, `"payload_sha256":"` + s.Roots[0].Digest().String(), `"keyid":`, `"holder":"Ada"`,
		`"threshold":2`, `"by":"root 1"`, `"valid":3`, `"needed":2`, `"met":true`, `"scheme":"ecdsa-sha2-nistp256"`, `"expires":"2027-09-01T12:00:00Z"`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the report lacks %s", want)
		}
	}
}

func TestInspectDocker(t *testing.T) {
	report, err := metadata.Inspect(corpora.Metadata(t, "docker/metadata"), time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC))
	must(t, err)
	if !report.Verified || report.Scope != metadata.ScopeWhole {
		t.Fatalf("got %v, %v", report.Problems, report.Expired)
	}
	root := report.Files[0]
	i := slices.IndexFunc(root.Findings, func(f metadata.Finding) bool { return f.Code == "keyid-mismatch" })
	if i < 0 || !strings.Contains(root.Findings[i].Text, "9c8e1be7d8d0e30656adc81ac201e05cb47a5a097d4d301fd121b77c320231c4") {
		t.Errorf("got %v", root.Findings)
	}
	if k := root.Roles[0].Keys[0]; k.Holder != "@jeanlaurent" || k.Scheme != "ecdsa-sha2-nistp384" {
		t.Errorf("got %+v", k)
	}
}
