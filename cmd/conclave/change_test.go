package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/ui"
)

// sign is what the list of steps is asked for by each of some holders.
func sign(what string, names ...string) []string {
	todo := make([]string, len(names))
	for i, name := range names {
		todo[i] = name + " signs " + what
	}
	return todo
}

// TestFoundThenChange plays a trust through its first changes with the built
// program: it is founded, a lost token is replaced, and then another site,
// which knows the trust from the bundle alone, delegates paths and renews.
func TestFoundThenChange(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{false, true} {
		t.Run(fmt.Sprintf("terminal %v", terminal), func(t *testing.T) {
			t.Parallel()
			dir := planned(t)
			pins := people.PINs(people.Holders())
			pins["5417506"] = "86427531"
			vienna := newSite(dir, "vienna")
			vienna.Found, vienna.Terminal, vienna.Spare, vienna.PINs = true, terminal, []string{"5417506"}, pins
			vienna.Todo = slices.Concat(everyone(), sign("root", "Ada", "Bo", "Cy"), sign("targets", "Ada", "Bo"),
				[]string{"Something went wrong", "A token is lost", "Cy", "Yes, Cy gets a new token", "That is all", "Cy enrols", "Freeze what is to change"},
				sign("root", "Ada", "Bo", "Dee"), sign("targets", "Cy", "Ada"),
				[]string{"Write the bundle", "Leave"})
			holdAll(t, vienna)
			set := assembled(t, dir)
			if len(set.Roots) != 2 || set.Targets.Version != 2 || len(set.Delegated) != 0 {
				t.Fatalf("after the first change: %d roots, targets %d", len(set.Roots), set.Targets.Version)
			}

			oslo := newSite(dir, "oslo")
			oslo.Amend, oslo.Terminal, oslo.PINs = true, terminal, pins
			oslo.Todo = slices.Concat(
				[]string{"Say what is to change", "Delegations", "Delegate paths", "team", "team/*", "No, clients look further", "Dee", "Ed", "That is all", "2",
					"Change something more", "How long", "targets", "90", "That is all", "Freeze what is to change"},
				sign("targets", "Cy", "Bo"), sign("team", "Dee", "Ed"),
				[]string{"Write the bundle", "Leave"})
			old := bundle(t, dir)
			holdAll(t, oslo)
			if err := os.Remove(old); err != nil {
				t.Fatal(err)
			}
			set = assembled(t, dir)
			team := set.Delegated["team"]
			if len(set.Roots) != 2 || set.Targets.Version != 3 || team == nil || team.Version != 1 {
				t.Fatalf("after the second change: %d roots, targets %d, team %v", len(set.Roots), set.Targets.Version, team)
			}
			if left := time.Until(set.Targets.Expires); left > 90*24*time.Hour || left < 89*24*time.Hour {
				t.Errorf("targets is good for %v", left)
			}
			if err := metadata.VerifyRootChain(set.Roots, time.Now()); err != nil {
				t.Error(err)
			}
			if _, err := metadata.VerifyFile(set.Targets.Signed, "team", team); err != nil {
				t.Error(err)
			}
		})
	}
}

// holdAll wants a ceremony to be held to its end.
func holdAll(t *testing.T, s *testSite) {
	t.Helper()
	var said bytes.Buffer
	if err := s.hold(t.Context(), &said); err != nil {
		t.Fatalf("%v\n%s", err, said.Bytes())
	}
}

// bundle is the only bundle in dir.
func bundle(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.tar"))
	if err != nil || len(found) != 1 {
		t.Fatalf("there are %d bundles, %v", len(found), err)
	}
	return found[0]
}

// assembled is what the only bundle in dir comes to.
func assembled(t *testing.T, dir string) *trust.Set {
	t.Helper()
	set, err := trust.Assemble(contents(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// TestFilesOfAPlace: a file of a place is a regular one; a link is not
// followed, and what has to be small is.
func TestFilesOfAPlace(t *testing.T) {
	dir := t.TempDir()
	m := &machine{}
	place := ui.Place{Path: dir}
	write := func(name string, b []byte) ui.File {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return ui.File{Name: name, Path: path}
	}
	small, large := write("key.pub", []byte("key")), write("large.pub", make([]byte, maxSmallFile+1))
	link := ui.File{Name: "link.pub", Path: filepath.Join(dir, "link.pub")}
	if err := os.Symlink(small.Path, link.Path); err != nil {
		t.Fatal(err)
	}
	write("tool.tgz", nil)
	for _, tt := range []struct {
		suffixes []string
		want     int
	}{{nil, 3}, {[]string{".pub"}, 2}, {[]string{".json"}, 0}} {
		if files, err := m.Files(t.Context(), place, tt.suffixes...); err != nil || len(files) != tt.want {
			t.Errorf("%v: %v, %v", tt.suffixes, files, err)
		}
	}
	if b, err := m.Read(t.Context(), small); err != nil || string(b) != "key" {
		t.Errorf("read %q, %v", b, err)
	}
	digest, n, err := m.Hash(t.Context(), large)
	if err != nil || n != maxSmallFile+1 || digest != metadata.Sum(make([]byte, maxSmallFile+1)) {
		t.Errorf("hashed %d bytes, %v", n, err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, _, err := m.Hash(stopped, large); !errors.Is(err, context.Canceled) {
		t.Errorf("hashed to the end: %v", err)
	}
	for name, f := range map[string]ui.File{"a link": link, "a large file": large, "nothing": {Name: "x", Path: filepath.Join(dir, "x")}} {
		if _, err := m.Read(t.Context(), f); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if _, err := m.Repository(t.Context(), place); err == nil {
		t.Error("a repository without metadata was read")
	}
	write("1.root.json", []byte("{}"))
	if found, err := m.Repository(t.Context(), place); err != nil || len(found.Files) != 1 {
		t.Errorf("the repository: %v, %v", found, err)
	}
}
