package metadata_test

import (
	"fmt"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// TestMatchPath has the examples of TUF 1.0, 4.5, PATHPATTERN, and what is no pattern.
func TestMatchPath(t *testing.T) {
	for _, tt := range []struct {
		pattern, path string
		want          bool
	}{
		{"targets/*.tgz", "targets/foo.tgz", true},
		{"targets/*.tgz", "targets/foo.txt", false},
		{"foo-version-?.tgz", "foo-version-2.tgz", true},
		{"foo-version-?.tgz", "foo-version-alpha.tgz", false},
		{"*.tgz", "foo.tgz", true},
		{"*.tgz", "targets/foo.tgz", false},
		{"team/*", "team/a/b", false},
		{"team/*", "team/", true},
		{"team/*/x", "team/a/x", true},
		{"app", "app", true},
		{"app", "App", false},
		{"[", "[", false},
		{"a[^x]b", "a/b", false},
		{"a?b", "a/b", false},
	} {
		if got := metadata.MatchPath(tt.pattern, tt.path); got != tt.want {
			t.Errorf("%s, %s: %v", tt.pattern, tt.path, got)
		}
	}
}

// TestFor: who is asked for a target, and in which order.
func TestFor(t *testing.T) {
	for _, c := range []struct {
		target string
		d      *metadata.Delegations
		want   string
	}{
		{"a", nil, "[]"},
		{"a", &metadata.Delegations{Roles: []metadata.DelegatedRole{{Name: "z", Paths: []string{"b", "?"}}, {Name: "x", Paths: []string{"*/*"}}, {Name: "y", Paths: []string{"*"}}}}, "[z y]"},
		{"a", &metadata.Delegations{Roles: []metadata.DelegatedRole{{Name: "low", PathHashPrefixes: []string{"0", "1"}}, {Name: "high", PathHashPrefixes: []string{"ca978"}}}}, "[high]"},
		{"a", &metadata.Delegations{Succinct: &metadata.SuccinctRoles{BitLength: 5, NamePrefix: "bin"}}, "[bin-19]"},
	} {
		var got []string
		for _, r := range c.d.For(c.target) {
			got = append(got, r.Name)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.target, got, c.want)
		}
	}
}
