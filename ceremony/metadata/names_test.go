package metadata_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
)

// TestNamesOfRoles: whatever a role is called, its file's name says so, is one
// part of a path, and is no other role's.
func TestNamesOfRoles(t *testing.T) {
	role := rapid.OneOf(rapid.StringN(1, 40, -1), rapid.StringMatching(`[%./ +a-f0-9:~🍺]{1,12}`))
	rapid.Check(t, func(t *rapid.T) {
		a, b, version := role.Draw(t, "role"), role.Draw(t, "other"), rapid.Int64Min(1).Draw(t, "version")
		if a == "timestamp" || b == "timestamp" {
			t.Skip("its file has no number")
		}
		name := metadata.FileName(a, version)
		got, v, err := metadata.ParseFileName(name)
		if err != nil || got != a || v != version || strings.ContainsAny(name, "/\\ \x00") {
			t.Errorf("%q: %q %d, %v", name, got, v, err)
		}
		if same := metadata.FileName(b, version) == name; same != (a == b) {
			t.Errorf("%q and %q have the name %q: %v", a, b, name, same)
		}
	})
}

// FuzzParseFileName: what a name says has a name that says the same.
func FuzzParseFileName(f *testing.F) {
	for _, name := range []string{"timestamp.json", "1.root.json", "1.targets%2Freleases.json", "3.a%252Fb.json", "3.100%.json", "3.%zz.json", "01.x.json", "3..json"} {
		f.Add(name)
	}
	for name := range corpora.Metadata(f, "tough/dubious-role-names/metadata") {
		f.Add("7." + name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		role, version, err := metadata.ParseFileName(name)
		if err != nil {
			return
		}
		again, v, err := metadata.ParseFileName(metadata.FileName(role, version))
		if err != nil || again != role || v != version {
			t.Errorf("%q is of %q %d, whose name is of %q %d, %v", name, role, version, again, v, err)
		}
	})
}

// TestSpellings: one role in the spellings of several programs.
func TestSpellings(t *testing.T) {
	for name, role := range map[string]string{
		"1.targets%2Freleases.json": "targets/releases", // go-tuf, python-tuf, tuf-js, tough
		"1.targets%2freleases.json": "targets/releases",
		"1.targets/releases.json":   "targets/releases", // a web server that takes off the escapes
		"1.my%20role.json":          "my role",
		"1.my role.json":            "my role",
		"1.a+b.json":                "a+b", // go-tuf
		"1.a%2Bb.json":              "a+b", // python-tuf, tuf-js
		"1.100%.json":               "100%",
		"1.100%25.json":             "100%",
		"1.1.team.json":             "1.team",
		"1.....json":                "...",
		"1.%F0%9F%8D%BA.json":       "🍺",
		"1.🍺.json":                  "🍺",
	} {
		if got, version, err := metadata.ParseFileName(name); err != nil || got != role || version != 1 {
			t.Errorf("%s: %q %d, %v", name, got, version, err)
		}
	}
}
