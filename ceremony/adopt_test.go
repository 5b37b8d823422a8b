package ceremony_test

import (
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
		"two roots of one version":  {"1.root.json": root, "root.json": strange},
		"targets of another trust":  {"1.root.json": strange, "1.targets.json": targets},
		"junk":                      {"1.root.json": []byte("{}")},
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
