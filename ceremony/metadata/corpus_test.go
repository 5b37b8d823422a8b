package metadata_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
)

var in2025 = time.Date(2025, 4, 1, 0, 0, 0, 0, time.UTC)

func TestSigstoreChain(t *testing.T) {
	roots := sigstoreRoots(t)
	must(t, metadata.VerifyRootChain(roots, in2025))
	for i, next := range roots[1:] {
		must(t, metadata.VerifyNextRoot(roots[i], next))
	}
	err := wantAs[*metadata.ExpiredError](t, metadata.VerifyRootChain(roots, now))
	if err.Version != 12 {
		t.Errorf("got %+v", err)
	}
	if want := time.Date(2021, 12, 18, 19, 28, 12, 990080000, time.UTC); !roots[0].Expires.Equal(want) {
		t.Errorf("root 1 expires %v, want %v", roots[0].Expires, want)
	}
	skipping := append(slices.Clone(roots[:4]), roots[5:]...)
	wantAs[*metadata.VersionError](t, metadata.VerifyRootChain(skipping, in2025))
}

func TestSigstoreFindings(t *testing.T) {
	for _, root := range sigstoreRoots(t) {
		got := codes(root.Findings)
		v := root.Version
		for code, want := range map[string]bool{
			"hex-key":                v <= 4,
			"old-keytype":            v <= 8,
			"no-consistent-snapshot": v <= 4,
			"fractional-time":        v <= 3,
			"offset-time":            v == 1,
			"keyid-mismatch":         v == 11,
			"empty-signature":        v == 12,
			"spec-version":           true,
			"unknown-field":          true,
			"unusable-key":           false,
			"duplicate-signature":    false,
		} {
			if (got[code] > 0) != want {
				t.Errorf("root %d: %d of %s, want any: %v", v, got[code], code, want)
			}
		}
		if _, err := metadata.ParseFile(root.Bytes, metadata.Strict); err == nil {
			t.Errorf("root %d passes strict reading", v)
		}
	}
}

func TestDockerSet(t *testing.T) {
	files := corpora.Metadata(t, "docker/metadata")
	set := &metadata.Set{
		Roots:     []*metadata.File{adopted(t, files["root.json"])},
		Timestamp: adopted(t, files["timestamp.json"]),
		Snapshot:  adopted(t, files["snapshot.json"]),
		Targets:   adopted(t, files["targets.json"]),
		Delegated: map[string]*metadata.File{},
	}
	for _, role := range []string{"doi", "rekor", "testing"} {
		set.Delegated[role] = adopted(t, files[role+".json"])
	}
	must(t, metadata.VerifySet(set, time.Date(2024, 12, 1, 0, 0, 0, 0, time.UTC)))
	if err := wantAs[*metadata.ExpiredError](t, metadata.VerifySet(set, in2025)); err.Role != "timestamp" {
		t.Errorf("got %+v", err)
	}
	const mismatched = "signed.keys.9c8e1be7d8d0e30656adc81ac201e05cb47a5a097d4d301fd121b77c320231c4"
	i := slices.IndexFunc(set.Roots[0].Findings, func(f metadata.Finding) bool { return f.Code == "keyid-mismatch" })
	if i < 0 || set.Roots[0].Findings[i].Path != mismatched {
		t.Errorf("the keyid that is not its key's hash is not named: %v", set.Roots[0].Findings)
	}
}

// TestPublished is what a person gets to know of each repository of the corpora.
func TestPublished(t *testing.T) {
	for _, c := range []struct {
		folder   string
		scope    metadata.Scope
		expired  int      // how many files at 2025-04-01
		problems []string // in full or in part
		findings []string // in full, of all its files; unknown fields left out
	}{
		{"sigstore/roots", metadata.ScopeChain, 0, nil,
			[]string{"empty-signature", "fractional-time", "hex-key", "keyid-mismatch", "no-consistent-snapshot", "offset-time", "old-keytype", "spec-version"}},
		{"docker/metadata", metadata.ScopeWhole, 1, nil, []string{"empty-signature", "keyid-mismatch", "no-hashes", "no-length", "p384-key"}},
		{"go-tuf-mirror/metadata", metadata.ScopeWhole, 0, nil, []string{"empty-signature", "no-hashes", "no-length", "p384-key"}},
		{"tough/consistent-snapshots/metadata", metadata.ScopeWhole, 0, nil, []string{"rsa-key"}},
		{"tough/cross-sign-root", metadata.ScopeChain, 1, []string{"root is not signed by enough keys of root 1: 0 of 1"}, []string{"rsa-key"}},
		{"tough/dubious-role-names/metadata", metadata.ScopeWhole, 0, nil, []string{"dubious-role-name", "fractional-time", "no-consistent-snapshot", "rsa-key"}},
		{"tough/duplicate-keyid", metadata.ScopeNone, 0, []string{"is given twice", "there is no root"}, nil},
		{"tough/duplicate-sig-keys", metadata.ScopeChain, 0, []string{"root is not signed by enough keys of root 1: 1 of 2"},
			[]string{"duplicate-signature", "rsa-key", "spec-version", "unreachable-threshold"}},
		{"tough/duplicate-sigs", metadata.ScopeChain, 0, []string{"root is not signed by enough keys of root 1: 1 of 2"},
			[]string{"duplicate-signature", "rsa-key", "spec-version", "unreachable-threshold"}},
		{"tough/ecdsa-new-type-sig-keys", metadata.ScopeChain, 1, nil, []string{"spec-version"}},
		{"tough/expired-repository/metadata", metadata.ScopeWhole, 1, nil, []string{"rsa-key", "unknown-role"}},
		{"tough/expired-root-json-signature", metadata.ScopeChain, 1, nil, []string{"rsa-key", "spec-version"}},
		{"tough/hex-encoded-ecdsa-sig-keys", metadata.ScopeChain, 1, nil,
			[]string{"fractional-time", "hex-key", "no-consistent-snapshot", "old-keytype", "spec-version"}},
		{"tough/invalid-root-json-signature", metadata.ScopeChain, 0, []string{"root is not signed by enough keys of root 1: 0 of 1"}, []string{"rsa-key", "spec-version"}},
		{"tough/mismatched-root-json-keyids", metadata.ScopeChain, 0, []string{"root is not signed by enough keys of root 1: 0 of 1"}, []string{"rsa-key", "spec-version", "unknown-keyid"}},
		{"tough/no-root-json-signatures", metadata.ScopeChain, 0, []string{"root is not signed by enough keys of root 1: 0 of 1"}, []string{"rsa-key", "spec-version"}},
		{"tough/pem-encoded-ecdsa-sig-keys", metadata.ScopeChain, 1, nil, []string{"old-keytype", "spec-version"}},
		{"tough/rotated-root", metadata.ScopeWhole, 0, nil, []string{"rsa-key"}},
		{"tough/safe-target-paths/metadata", metadata.ScopeWhole, 0, nil, []string{"dubious-path", "no-consistent-snapshot", "rsa-key"}},
		{"tough/simple-rsa", metadata.ScopeChain, 0, nil, []string{"rsa-key", "spec-version"}},
		{"tough/tuf-reference-impl/metadata", metadata.ScopeWhole, 0, nil,
			[]string{"no-consistent-snapshot", "no-hashes", "no-length", "no-paths", "rsa-key", "unknown-role"}},
	} {
		t.Run(c.folder, func(t *testing.T) {
			report, err := metadata.Inspect(corpora.Metadata(t, c.folder), in2025)
			must(t, err)
			if report.Scope != c.scope || len(report.Expired) != c.expired {
				t.Errorf("scope %q, expired %q", report.Scope, report.Expired)
			}
			if report.Verified != (len(c.problems)+c.expired == 0) {
				t.Errorf("verified: %v", report.Verified)
			}
			if len(report.Problems) != len(c.problems) {
				t.Errorf("problems: got %q, want %q", report.Problems, c.problems)
			}
			for i, want := range c.problems {
				if !strings.Contains(report.Problems[i], want) {
					t.Errorf("problem: got %q, want %q", report.Problems[i], want)
				}
			}
			found := map[string]int{}
			for _, f := range report.Files {
				maps.Copy(found, codes(f.Findings))
			}
			delete(found, "unknown-field")
			if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, c.findings) {
				t.Errorf("findings: got %q, want %q", got, c.findings)
			}
		})
	}
}

// Every folder of tough's that holds metadata has its row above.
func TestAllOfToughIsCovered(t *testing.T) {
	folders := map[string]bool{}
	for name := range corpora.Metadata(t, "tough") {
		folders[strings.SplitN(name, "/", 2)[0]] = true
	}
	if len(folders) != 18 {
		t.Errorf("%d folders: %s", len(folders), fmt.Sprint(slices.Sorted(maps.Keys(folders))))
	}
}
