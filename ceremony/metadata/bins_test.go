package metadata_test

import (
	"slices"
	"strings"
	"testing"

	tuf "github.com/theupdateframework/go-tuf/v2/metadata"
	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// A path belongs to the bin in which go-tuf's client looks for it, and to the
// one bin whose path_hash_prefixes its hash begins with.
func TestBinOfAPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &metadata.SuccinctRoles{BitLength: rapid.IntRange(1, 14).Draw(t, "bits"), NamePrefix: "bin"}
		path := rapid.String().Draw(t, "path")
		theirs := tuf.SuccinctRoles{BitLength: s.BitLength, NamePrefix: s.NamePrefix}
		if got, want := s.For(path), theirs.GetRolesForTarget(path)[0].Name; got != want || !s.Bin(got) {
			t.Fatalf("%q is in %s, and go-tuf looks in %s", path, got, want)
		}
		sum := metadata.Sum([]byte(path)).String()
		var in []string
		for n := range s.Bins() {
			if slices.ContainsFunc(s.HashPrefixes(n), func(p string) bool { return strings.HasPrefix(sum, p) }) {
				in = append(in, s.Name(n))
			}
		}
		if !slices.Equal(in, []string{s.For(path)}) {
			t.Fatalf("by its hash's prefixes %q is in %v, and belongs into %s", path, in, s.For(path))
		}
	})
}
