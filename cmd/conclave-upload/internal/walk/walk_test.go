package walk_test

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/walk"
)

// kept is a memory, by role.
type kept map[string][]byte

func (k kept) Load(role string) ([]byte, error) {
	if k[role] == nil {
		return nil, fs.ErrNotExist
	}
	return k[role], nil
}

func (k kept) Keep(role string, file []byte) error {
	k[role] = file
	return nil
}

// TestOthersRepositories: what others published is walked to its end, whether it has
// consistent snapshots or not; the situations that go wrong are in package conformance.
func TestOthersRepositories(t *testing.T) {
	for _, c := range []struct {
		folder, root string
		found        map[string]string // path -> role; "" for none
		holds        int
	}{
		{"docker/metadata", "root_history/1.root.json", map[string]string{"doi/x": ""}, 5},
		{"go-tuf-mirror/metadata", "1.root.json", map[string]string{"test-role/x": ""}, 5},
		{"tough/consistent-snapshots/metadata", "1.root.json", map[string]string{"data1.txt": "targets"}, 4},
		{"tough/tuf-reference-impl/metadata", "1.root.json", map[string]string{"file1.txt": "targets", "file3.txt": "role1"}, 5},
		{"tough/dubious-role-names/metadata", "1.root.json", map[string]string{"1.txt": "targets", "foo": ""}, 7},
	} {
		t.Run(c.folder, func(t *testing.T) {
			files := corpora.Metadata(t, c.folder)
			fetch := func(_ context.Context, name string, _ int64) ([]byte, error) {
				_, plain, _ := strings.Cut(name, ".")
				for _, at := range []string{name, "root_history/" + name, plain} {
					if b := files[at]; b != nil && (at != plain || !strings.HasSuffix(name, ".root.json")) {
						return b, nil
					}
				}
				return nil, fs.ErrNotExist
			}
			memory := kept{"root": files[c.root]}
			client := walk.New(memory, fetch, time.Time{})
			if err := client.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			for path, want := range c.found {
				found, err := client.Find(t.Context(), path)
				if _, missing := errors.AsType[*walk.NotFoundError](err); found.Role != want || missing != (want == "") || err != nil && !missing {
					t.Errorf("%s: found in %q, %v", path, found.Role, err)
				}
			}
			if len(memory) != c.holds {
				t.Errorf("it keeps %d files, want %d", len(memory), c.holds)
			}
		})
	}
}

// TestRootsAreKeptAsFarAsTheyHold: each root counts from the moment that it verified.
func TestRootsAreKeptAsFarAsTheyHold(t *testing.T) {
	files := corpora.Metadata(t, "sigstore/roots")
	first, err := metadata.ParseFile(files["1.root.json"], metadata.Adopted)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte // under the number 8
		ends bool   // as if it were not there
	}{{"missing", nil, true}, {"another one", files["7.root.json"], false}, {"junk", []byte("<html>"), false}} {
		keeps := 0
		newest, err := walk.Roots(t.Context(), first, func(_ context.Context, name string, _ int64) ([]byte, error) {
			b := files[name]
			if name == "8.root.json" {
				b = c.file
			}
			if b == nil {
				return nil, fs.ErrNotExist
			}
			return b, nil
		}, func([]byte) error { keeps++; return nil })
		if newest.Version != 7 || keeps != 6 || (err == nil) != c.ends {
			t.Errorf("%s: root %d, %d kept, %v", c.name, newest.Version, keeps, err)
		}
	}
	broken := *first
	broken.Signatures = slices.Clone(first.Signatures)[:0]
	if _, err := walk.Roots(t.Context(), &broken, nil, nil); err == nil {
		t.Error("a root that nobody signed was believed")
	}
}
