package ceremony_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestAdopt takes over what others published, and plans a next root that strict
// clients are happy with.
func TestAdopt(t *testing.T) {
	for _, tt := range []struct {
		folder, finding, inReview string
		at                        time.Time
		roots                     int64
		keys                      int
	}{
		{"sigstore/roots", "empty-signature", "unknown-field", time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC), 12, 5},
		{"docker/metadata", "keyid-mismatch", "keyid-mismatch", time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC), 1, 5},
	} {
		t.Run(tt.folder, func(t *testing.T) {
			adopted, err := trust.Adopt(corpora.Metadata(t, tt.folder), "rehearsal-adopted")
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, f := range adopted.Findings {
				found = found || f.Finding.Code == tt.finding
			}
			if !found {
				t.Errorf("%s is not among %d findings", tt.finding, len(adopted.Findings))
			}
			s := newSite(t)
			s.time.t = tt.at
			s.begin(ceremony.Changing, "vienna")
			_, err = s.Import(adopted.Contents, "directory", metadata.Sum(nil))
			s.must(err)
			holders := s.Holders()
			if len(holders) < tt.keys {
				t.Fatalf("%d holders: %+v", len(holders), holders)
			}
			s.edit(draft.NameHolder{KeyID: holders[0].KeyID, Holder: "Ada"}, draft.ReplaceToken{Holder: "Ada"})
			token := newSoftToken("1001")
			token.attests = true
			s.enrol("Ada", token)
			draft, err := s.Preview()
			s.must(err)
			if draft.Problem != nil || len(draft.Payloads) == 0 || draft.Payloads[0].Role != "root" || draft.Payloads[0].Version != tt.roots+1 {
				t.Fatalf("the draft: %+v", draft)
			}
			s.must(s.Freeze())
			r, err := s.Review(s.proposalOf("root"), s.holder("Ada"))
			s.must(err)
			if r.First || r.Version != tt.roots+1 || len(r.After.By) != 2 {
				t.Errorf("the review: version %d, by %v", r.Version, r.After)
			}
			if !strings.Contains(strings.Join(r.Warnings, "\n"), tt.inReview) {
				t.Errorf("the review does not speak of %s: %q", tt.inReview, r.Warnings)
			}
			replaced := false
			for _, c := range r.Changes {
				replaced = replaced || c.Field == "root: Ada" && strings.Contains(c.After, "token 1001")
			}
			if !replaced {
				t.Errorf("the new token is not in the review: %+v", r.Changes)
			}
			c, err := s.Contents()
			s.must(err)
			next, err := metadata.ParseSigned(c.Proposals[0].Signed, metadata.Strict)
			s.must(err)
			if next.Conclave.Trust != "rehearsal-adopted" || len(next.Findings) > 0 {
				t.Errorf("the next root: trust %s, %v", next.Conclave.Trust, next.Findings)
			}
		})
	}
}

func TestAdoptRefuses(t *testing.T) {
	s, _ := complete(t)
	set := s.assembled()
	root, targets := set.Roots[0].Bytes, set.Targets.Bytes
	other, _ := complete(t)
	strange := other.assembled().Roots[0].Bytes
	for name, files := range map[string]map[string][]byte{
		"nothing":                   {},
		"no root":                   {"1.targets.json": targets},
		"two roots of one version":  {"1.root.json": root, "root_history/1.root.json": strange},
		"targets of another trust":  {"1.root.json": strange, "1.targets.json": targets},
		"junk":                      {"1.root.json": []byte("{}")},
		"a length of 0":             corpora.Metadata(t, "reports/length-zero"),
		"a signature that is wrong": {"1.root.json": []byte(strings.Replace(string(root), `"sig":"30`, `"sig":"31`, 2))},
	} {
		if _, err := trust.Adopt(files, "rehearsal-x"); err == nil {
			t.Errorf("%s: adopted", name)
		}
	}
	got, err := trust.Adopt(map[string][]byte{"root.json": root, "1.root.json": root, "targets.json": targets}, "rehearsal-x")
	if err != nil || got.Contents.Trust != "rehearsal-wabbit" || len(got.Contents.Published) != 2 {
		t.Errorf("a good one: %+v, %v", got.Contents, err)
	}
}

// TestAdoptReports takes over small repositories that went wrong, each after a
// public report, and others with roles of odd names: as clients read them, and
// under names that lead back to their roles.
func TestAdoptReports(t *testing.T) {
	for _, tt := range []struct{ folder, role, beside string }{
		{"reports/json-targets", "targets", "targets/015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862.trusted_root.json"},
		{"reports/stale-role", "targets", "1.snapshot.json 1.targets.json 1.team.json"},
		{"reports/escaped-role", "targets/releases", ""},
		{"reports/unlisted-role", "targets", ""},
		{"tough/dubious-role-names", "🍺/30", ""},
		{"tough/dubious-role-names", "../../path/like/dubious", ""},
		{"tough/tuf-reference-impl", "role2", "metadata/root.json"},
		{"tough/safe-target-paths", "delegated", ""},
		{"docker/metadata", "rekor", "root.json"},
	} {
		t.Run(tt.folder, func(t *testing.T) {
			adopted, err := trust.Adopt(corpora.Metadata(t, tt.folder), "rehearsal-adopted")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(adopted.Beside, " "); got != tt.beside {
				t.Errorf("beside it: %q", got)
			}
			unlisted := slices.ContainsFunc(adopted.Findings, func(f trust.FileFinding) bool { return f.Finding.Code == "unlisted-role" })
			if unlisted != (tt.folder == "reports/unlisted-role") {
				t.Errorf("what the snapshot does not list: %v", adopted.Findings)
			}
			known, err := trust.KnownOf(adopted.Contents)
			if err != nil {
				t.Fatal(err)
			}
			if set, err := known.Set(); err != nil || tt.role != "targets" && set.Delegated[tt.role] == nil {
				t.Errorf("the set: %+v, %v", set, err)
			}
			s := newSite(t)
			s.begin(ceremony.Changing, "vienna")
			_, err = s.Import(adopted.Contents, "directory", metadata.Sum(nil))
			s.must(err)
		})
	}
}

// TestAdoptMissing: what the repository's own files name has to be there.
func TestAdoptMissing(t *testing.T) {
	files := corpora.Metadata(t, "reports/escaped-role")
	delete(files, "1.targets%2Freleases.json")
	if _, err := trust.Adopt(files, "rehearsal-x"); err == nil || !strings.Contains(err.Error(), "1.targets%2Freleases.json is missing") {
		t.Errorf("got %v", err)
	}
}
