package ceremony_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestNothingBelowFalls: whatever one edit does to a trust that others made, what
// is frozen, signed and let out is taken by a client that was at the old state
// and by one that starts fresh, with everything below it.
func TestNothingBelowFalls(t *testing.T) {
	repositories := map[string]map[string][]byte{
		"keyids-change":             corpora.Metadata(t, "reports/keyids-change"),
		"docker":                    corpora.Metadata(t, "docker/metadata"),
		"go-tuf-mirror":             corpora.Metadata(t, "go-tuf-mirror/metadata"),
		"tough reference":           corpora.Metadata(t, "tough/tuf-reference-impl/metadata"),
		"tough consistent snapshot": corpora.Metadata(t, "tough/consistent-snapshots/metadata"),
	}
	maps.Copy(repositories, cantGoOn(t))
	for name, files := range repositories {
		t.Run(name, func(t *testing.T) {
			r := rekey(t, files)
			adopted, err := trust.Adopt(r.files, "rehearsal-adopted")
			if err != nil {
				t.Fatal(err)
			}
			live := r.set(adopted.Contents.Published)
			at := live.Roots[len(live.Roots)-1].Expires
			for _, f := range append(slices.Collect(maps.Values(live.Delegated)), live.Targets, live.Snapshot, live.Timestamp) {
				if f.Expires.Before(at) {
					at = f.Expires
				}
			}
			at = at.Add(-72 * time.Hour)
			if err := metadata.VerifySet(live, at); err != nil {
				t.Fatalf("what is live does not verify: %v", err)
			}
			for _, edit := range editsOf(live) {
				t.Run(edit.String(), func(t *testing.T) {
					r.t = t
					s := newSite(t)
					s.time.t = at
					s.begin(ceremony.Changing, "vienna")
					_, err := s.Import(adopted.Contents, "directory", metadata.Sum(nil))
					s.must(err)
					s.edit(edit)
					preview, err := s.Preview()
					s.must(err)
					s.must(preview.Problem)
					s.must(s.Freeze())
					r.signEverything(s)
					contents, checked, err := s.Handover()
					s.must(err)
					if len(checked.Open) > 0 {
						t.Fatalf("it is not finished: %v", checked.Open)
					}
					set, err := trust.Assemble(contents)
					s.must(err)
					next := r.next(live, set, at)
					if err := metadata.VerifySet(next, at); err != nil {
						t.Errorf("a client that starts fresh: %v", err)
					}
					if err := metadata.VerifyUpdate(live, next); err != nil {
						t.Errorf("a client that was at the old state: %v", err)
					}
				})
			}
		})
	}
}

// editsOf are edits that each touch one role of a set.
func editsOf(live *metadata.Set) []draft.Edit {
	edits := []draft.Edit{
		draft.Renew{Role: "root", Days: 300},
		draft.Renew{Role: "targets", Days: 200},
		draft.NameHolder{KeyID: live.Roots[len(live.Roots)-1].Root.Roles["root"].KeyIDs[0], Holder: "Ada"},
		draft.AddTarget{Role: "targets", Path: "added.txt", SHA256: metadata.Sum([]byte("added")), Length: 5},
	}
	for role := range live.Delegated {
		edits = append(edits, draft.Renew{Role: role, Days: 100})
	}
	return edits
}
