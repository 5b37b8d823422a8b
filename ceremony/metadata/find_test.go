package metadata_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
)

// TestReports: small repositories that went wrong, each after a public report.
func TestReports(t *testing.T) {
	for _, c := range []struct {
		folder  string
		problem string // "": it verifies
		roles   []string
		beside  []string
	}{
		{"json-targets", "", []string{"root", "timestamp", "snapshot", "targets"},
			[]string{"targets/015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862.trusted_root.json"}},
		{"stale-role", "", []string{"root", "timestamp", "snapshot", "targets"}, []string{"1.snapshot.json", "1.targets.json", "1.team.json"}},
		{"escaped-role", "", []string{"root", "timestamp", "snapshot", "targets", "targets/releases"}, nil},
		{"length-zero", "and snapshot 1 lists 0", []string{"root", "timestamp", "snapshot", "targets"}, nil},
	} {
		t.Run(c.folder, func(t *testing.T) {
			found, err := metadata.FindIn(corpora.Metadata(t, "reports/"+c.folder))
			must(t, err)
			report := found.Inspect(now)
			if problems := strings.Join(report.Problems, "\n"); (problems == "") != (c.problem == "") || !strings.Contains(problems, c.problem) {
				t.Errorf("problems: %q", report.Problems)
			}
			if got := rolesOf(found); !slices.Equal(got, c.roles) || !slices.Equal(report.Beside, c.beside) {
				t.Errorf("got %q, and beside them %q", got, report.Beside)
			}
		})
	}
}

func rolesOf(f *metadata.Found) []string {
	var roles []string
	for _, file := range f.Files {
		roles = append(roles, file.Role)
	}
	return roles
}

// TestFindLayouts: where programs keep a repository, and what lies beside it.
func TestFindLayouts(t *testing.T) {
	tr := newTrust(t, "wabbit")
	s := tr.set(t, 3)
	root, junk, other := s.Roots[0].Bytes, []byte(`{"a":1}`), newTrust(t, "other").set(t, 4)
	// at puts the set below a directory, under the names that name gives.
	at := func(dir string, name func(role, version string) string) map[string][]byte {
		files := map[string][]byte{dir + name("root", "1"): root, dir + "timestamp.json": s.Timestamp.Bytes,
			dir + name("snapshot", "3"): s.Snapshot.Bytes, dir + name("targets", "3"): s.Targets.Bytes, dir + name("team", "3"): s.Delegated["team"].Bytes}
		return files
	}
	numbered := func(role, version string) string { return version + "." + role + ".json" }
	history := func(role, version string) string { // tuf-on-ci
		if role == "root" {
			return "root_history/1.root.json"
		}
		return role + ".json"
	}
	rooted := func(role, version string) string { // Rugged, tough: all but root have plain names
		if role == "root" {
			return "1.root.json"
		}
		return role + ".json"
	}
	plain := func(role, _ string) string { return role + ".json" }
	for _, c := range []struct {
		name   string
		files  map[string][]byte
		beside map[string][]byte
	}{
		{"a web server's: PyPI, RSTUF, GitHub", at("", numbered), nil},
		{"metadata", at("metadata/", numbered), nil},
		{"go-tuf's: repository, staged and keys", at("repository/", numbered),
			map[string][]byte{"staged/root.json": other.Roots[0].Bytes, "staged/targets.json": other.Targets.Bytes, "keys/root.json": junk}},
		{"sigstore's: repository/repository and ceremonies", at("repository/repository/", numbered),
			map[string][]byte{"ceremony/2021-06-18/repository/1.root.json": other.Roots[0].Bytes, "ceremony/2021-06-18/repository/timestamp.json": other.Timestamp.Bytes}},
		{"sigstore's on its way to tuf-on-ci", at("metadata/", history), below("repository/", other)},
		{"tuf-on-ci's, with a root that is being signed", at("metadata/", history), map[string][]byte{"metadata/root.json": other.Roots[0].Bytes}},
		{"Rugged's", at("metadata/", rooted), map[string][]byte{"targets/app.json": junk}},
		{"plain names", at("", plain), nil},
		{"another name of the directory", at("tuf/", numbered), nil},
		{"copies under plain names", at("", numbered), map[string][]byte{"root.json": root, "snapshot.json": s.Snapshot.Bytes, "targets.json": s.Targets.Bytes}},
		{"targets below the metadata", at("", numbered), map[string][]byte{"targets/staging/root.json": other.Roots[0].Bytes,
			"targets/timestamp.json": other.Timestamp.Bytes, "targets/9.root.json": junk, "targets/" + strings.Repeat("ab", 32) + ".targets.json": other.Targets.Bytes}},
		{"targets beside the metadata", at("meta/", numbered), below("targets/", other)},
		{"an older state", at("", numbered), map[string][]byte{"2.snapshot.json": other.Snapshot.Bytes, "4.targets.json": other.Targets.Bytes, "2.gone.json": junk}},
		{"drafts", at("", numbered), below("draft/", other)},
		{"hashed names", at("", numbered), map[string][]byte{strings.Repeat("ab", 32) + ".targets.json": junk, "01.root.json": junk, "1.timestamp.json": junk}},
		{"a second file of a name, of an image", at("", numbered), map[string][]byte{strings.Repeat("ab", 32) + "/3.team.json": other.Targets.Bytes}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := maps.Clone(c.files)
			maps.Copy(files, c.beside)
			found, err := metadata.FindIn(files)
			must(t, err)
			if got := found.Map(); !maps.EqualFunc(got, c.files, slices.Equal) {
				t.Errorf("it found %q", slices.Sorted(maps.Keys(got)))
			}
			if want := slices.Sorted(maps.Keys(c.beside)); !slices.Equal(found.Beside, want) {
				t.Errorf("beside it %q, want %q", found.Beside, want)
			}
			if report := found.Inspect(now); !report.Verified || report.Scope != metadata.ScopeWhole {
				t.Errorf("%s: %q", report.Scope, report.Problems)
			}
		})
	}
}

// below is a whole set below a directory.
func below(dir string, s *metadata.Set) map[string][]byte {
	files := map[string][]byte{dir + "1.root.json": s.Roots[0].Bytes, dir + "timestamp.json": s.Timestamp.Bytes,
		dir + metadata.FileName("snapshot", s.Snapshot.Version): s.Snapshot.Bytes}
	for role, f := range s.Delegated {
		files[dir+metadata.FileName(role, f.Version)] = f.Bytes
	}
	return files
}

// TestFindReads nothing but the set, in one order.
func TestFindReads(t *testing.T) {
	files := named(newTrust(t, "wabbit").set(t, 3))
	for _, other := range []string{"targets/a.json", "2.snapshot.json", "targets.json"} {
		files[other] = nil
	}
	var read []string
	_, err := metadata.Find(slices.Collect(maps.Keys(files)), func(name string) ([]byte, error) {
		read = append(read, name)
		return files[name], nil
	})
	must(t, err)
	if want := []string{"1.root.json", "timestamp.json", "3.snapshot.json", "3.targets.json", "3.team.json"}; !slices.Equal(read, want) {
		t.Errorf("it read %q, want %q", read, want)
	}
	wrong := errors.New("wrong")
	if _, err := metadata.Find([]string{"1.root.json"}, func(string) ([]byte, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
}

// TestFindRefuses to choose between repositories of one rank: Uptane has two.
func TestFindRefuses(t *testing.T) {
	files := below("director/", newTrust(t, "a").set(t, 1))
	maps.Copy(files, below("image/", newTrust(t, "b").set(t, 1)))
	var ambiguous *metadata.AmbiguousError
	if _, err := metadata.FindIn(files); !errors.As(err, &ambiguous) || !slices.Equal(ambiguous.Places, []string{"director", "image"}) {
		t.Errorf("got %v", err)
	}
}

// TestFindParts: what is not whole is found as far as it goes.
func TestFindParts(t *testing.T) {
	s := newTrust(t, "wabbit").set(t, 3)
	all := named(s)
	for _, c := range []struct {
		name    string
		files   string
		roles   string
		missing string
		problem string
	}{
		{"a chain", "1.root.json", "root", "", ""},
		{"what is signed offline", "1.root.json 3.targets.json 3.team.json", "root targets team", "", ""},
		{"a set without a role", "1.root.json timestamp.json 3.snapshot.json 3.targets.json", "root timestamp snapshot targets", "3.team.json", "team is missing"},
		{"a set without its snapshot", "1.root.json timestamp.json 3.targets.json", "root timestamp targets", "3.snapshot.json", "not complete"},
		{"a file alone", "3.targets.json", "targets", "", "there is no root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string][]byte{}
			for _, name := range strings.Fields(c.files) {
				files[name] = all[name]
			}
			found, err := metadata.FindIn(files)
			must(t, err)
			if got := strings.Join(rolesOf(found), " "); got != c.roles || strings.Join(found.Missing, " ") != c.missing {
				t.Errorf("got %s, and %q is missing", got, found.Missing)
			}
			if got := strings.Join(found.Inspect(now).Problems, "\n"); (got == "") != (c.problem == "") || !strings.Contains(got, c.problem) {
				t.Errorf("problems: %s", got)
			}
		})
	}
	all["1.root.json"] = all["3.targets.json"]
	all["2.root.json"] = s.Roots[0].Bytes
	found, err := metadata.FindIn(all)
	must(t, err)
	if got := strings.Join(found.Inspect(now).Problems, "\n"); !strings.Contains(got, "1.root.json can't be read: it is targets metadata") || !strings.Contains(got, "2.root.json can't be read: it holds root 1") {
		t.Errorf("problems: %s", got)
	}
}
