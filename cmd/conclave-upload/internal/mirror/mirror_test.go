package mirror_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/mirror"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// states publishes n states of one trust, each with new targets and, where
// rotate says so, every third with a new root that has another online key.
func states(t *testing.T, n int, rotate bool) []*metadata.Set {
	t.Helper()
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	var sets []*metadata.Set
	for i := range n {
		x.Vouch("file", []byte{byte(i)}, "")
		if rotate && i%3 == 2 {
			x.NewOnlineKey(trusttest.Key(t, "ed25519"))
		}
		x.Publish(r, trusttest.Start)
		sets = append(sets, x.Verified(r, trusttest.Start).Set)
	}
	return sets
}

func open(t *testing.T, dir string) *mirror.Repository {
	t.Helper()
	m, err := mirror.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// TestReaders has go-tuf's client read the directory, over HTTP, while it is
// brought from state to state.
func TestReaders(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	sets := states(t, 8, false)
	if err := m.PutMetadata(sets[0]); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	written := make(chan error, 1)
	go func() {
		var err error
		for _, s := range sets[1:] {
			err = errors.Join(err, m.PutMetadata(s))
		}
		written <- err
	}()
	for last, more := int64(1), true; more; {
		select {
		case err := <-written:
			if err != nil {
				t.Fatal(err)
			}
			more = false
		default:
		}
		version := refreshed(t, server.URL, sets[0].Roots[0].Bytes)
		if version < last {
			t.Errorf("a reader found timestamp %d after %d", version, last)
		}
		last = version
	}
}

func refreshed(t *testing.T, url string, root []byte) int64 {
	t.Helper()
	return goTUF(t, url, root, trusttest.Start).GetTrustedMetadataSet().Timestamp.Signed.Version
}

// goTUF is go-tuf's client of a web server, up to date.
func goTUF(t *testing.T, url string, root []byte, at time.Time) *updater.Updater {
	t.Helper()
	c, err := config.New(url, root)
	if err != nil {
		t.Fatal(err)
	}
	c.LocalMetadataDir, c.LocalTargetsDir = t.TempDir(), t.TempDir()
	u, err := updater.New(c)
	if err != nil {
		t.Fatal(err)
	}
	u.UnsafeSetRefTime(at)
	if err := u.Refresh(); err != nil {
		t.Fatal(err)
	}
	return u
}

// TestEveryState: a client that comes after each state finds it.
func TestEveryState(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	sets := states(t, 7, true)
	for i, s := range sets {
		for range 2 { // writing the same again is no matter
			if err := m.PutMetadata(s); err != nil {
				t.Fatal(err)
			}
		}
		if version := refreshed(t, server.URL, sets[0].Roots[0].Bytes); version != int64(i+1) {
			t.Errorf("after state %d a reader found timestamp %d", i+1, version)
		}
	}
	oldest, err := mirror.OldestRoot(dir)
	if err != nil || !bytes.Equal(oldest, sets[0].Roots[0].Bytes) {
		t.Errorf("oldest root: %d bytes, %v", len(oldest), err)
	}
}

func TestOldestRootOfNothing(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing")} {
		if root, err := mirror.OldestRoot(dir); root != nil || err != nil {
			t.Errorf("%q, %v", root, err)
		}
	}
}

func TestRefusesToGoBack(t *testing.T) {
	sets := states(t, 2, false)
	other := states(t, 1, false)
	for name, s := range map[string]*metadata.Set{"an older set": sets[0], "another set under the same names": other[0]} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			m := open(t, dir)
			if err := m.PutMetadata(sets[1]); err != nil {
				t.Fatal(err)
			}
			before := listing(t, dir)
			var conflict *mirror.ConflictError
			if err := m.PutMetadata(s); !errors.As(err, &conflict) {
				t.Errorf("got %v", err)
			}
			if after := listing(t, dir); after != before {
				t.Errorf("the directory was changed:\n%s\n%s", before, after)
			}
		})
	}
}

// TestRefusesToGoBackBehindARotation: that the older timestamp is by a key which
// has no vote any more opens no way back.
func TestRefusesToGoBackBehindARotation(t *testing.T) {
	sets := states(t, 3, true)
	m := open(t, t.TempDir())
	if err := m.PutMetadata(sets[2]); err != nil {
		t.Fatal(err)
	}
	var conflict *mirror.ConflictError
	if err := m.PutMetadata(sets[1]); !errors.As(err, &conflict) || conflict.Name != "2.root.json" {
		t.Errorf("got %v", err)
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var list string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		list += e.Name() + " " + metadata.Sum(content).String() + "\n"
	}
	return list
}

func TestTargets(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "repository")
	m := open(t, dir)
	if err := m.PutTarget(client.Target{Path: "docs/app:1.0", SHA256: "abc"}, strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "targets", "docs", "abc.app:1.0")); err != nil || string(got) != "x" {
		t.Errorf("%q, %v", got, err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "targets", "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", ".", "../x", "/x", "a/../../../x", "a//x", "link/x"} {
		if err := m.PutTarget(client.Target{Path: path, SHA256: "abc"}, strings.NewReader("x")); err == nil {
			t.Errorf("the target %q was written", path)
		}
	}
	if found, _ := filepath.Glob(filepath.Join(outside, "*x")); len(found) != 0 {
		t.Errorf("outside of the directory there is %v", found)
	}
}

func TestNothingUnfinishedStays(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	if err := os.MkdirAll(filepath.Join(dir, "targets", "abc.x", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := m.PutTarget(client.Target{Path: "x", SHA256: "abc"}, strings.NewReader("x")); err == nil {
		t.Error("a directory was replaced")
	}
	entries, err := os.ReadDir(filepath.Join(dir, "targets"))
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestForeignNames: what others published without consistent snapshots, or with
// roles of odd names, go-tuf's client finds in the directory, by way of a web
// server and of those roles.
func TestForeignNames(t *testing.T) {
	in2020 := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	theirs := corpora.Dir(t)
	for _, c := range []struct {
		folder, target string
		missing        bool // the role is there, and vouches for nothing
	}{
		{"tough/tuf-reference-impl", "file3.txt", false},
		{"tough/dubious-role-names", "1.txt", false},
		{"reports/escaped-role", "team/x", true},
		{"reports/json-targets", "trusted_root.json", false},
		{"reports/stale-role", "team/x", true},
		{"go-tuf-mirror", "test-role/test.txt", false},
		{"tough/consistent-snapshots", "data1.txt", false},
	} {
		t.Run(c.folder, func(t *testing.T) {
			source, err := mirror.OpenSource(filepath.Join(theirs, c.folder))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = source.Close() })
			files, err := source.Files()
			if err != nil {
				t.Fatal(err)
			}
			set, err := head.Set(files)
			if err != nil {
				t.Fatal(err)
			}
			verified, err := client.Verify(files, set.Roots[0].Bytes, in2020)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			m := open(t, dir)
			for _, target := range verified.Targets {
				content, err := source.OpenTarget(target)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if err := errors.Join(err, m.PutTarget(target, content), content.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if err := m.PutMetadata(verified.Set); err != nil {
				t.Fatal(err)
			}
			if beside, err := m.Beside(verified.Set); err != nil || len(beside) != 0 {
				t.Errorf("beside it: %q, %v", beside, err)
			}
			server := httptest.NewServer(http.FileServer(http.Dir(dir)))
			t.Cleanup(server.Close)
			u := goTUF(t, server.URL, set.Roots[0].Bytes, in2020)
			info, err := u.GetTargetInfo(c.target)
			if (err != nil) != c.missing || err != nil && !strings.Contains(err.Error(), "not found") {
				t.Fatalf("%s: %v", c.target, err)
			}
			for role := range set.Delegated {
				if c.missing && u.GetTrustedMetadataSet().Targets[role] == nil {
					t.Errorf("it found no %s", role)
				}
			}
			if c.missing {
				return
			}
			if _, _, err := u.DownloadTarget(info, filepath.Join(t.TempDir(), "x"), server.URL+"/targets"); err != nil {
				t.Errorf("%s: %v", c.target, err)
			}
		})
	}
}

// TestBeside: what older runs left is named, and stays for clients that are
// still reading.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	m := open(t, dir)
	sets := states(t, 3, false)
	for i, want := range []string{"", "1.snapshot.json 2.targets.json", "1.snapshot.json 2.snapshot.json 2.targets.json 3.targets.json"} {
		if err := m.PutMetadata(sets[i]); err != nil {
			t.Fatal(err)
		}
		if beside, err := m.Beside(sets[i]); err != nil || strings.Join(beside, " ") != want {
			t.Errorf("after state %d: %q, %v", i+1, beside, err)
		}
		source, err := mirror.OpenSource(dir)
		if err != nil {
			t.Fatal(err)
		}
		if files, err := source.Files(); err != nil || len(files) != 4 {
			t.Errorf("state %d is %d files, %v", i+1, len(files), err)
		}
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestNoNameOfAnother: where names are plain, a role's could be that of a root.
func TestNoNameOfAnother(t *testing.T) {
	set := states(t, 1, false)[0]
	set.Roots[0].Root.ConsistentSnapshot = false
	set.Delegated = map[string]*metadata.File{"2.root": set.Targets, "targets/x": set.Targets, "a%2Fb": set.Targets, "a/b": set.Targets, "../x": set.Targets}
	dir := t.TempDir()
	if err := open(t, dir).PutMetadata(set); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"2.root.json": false, "2.2.root.json": true, "targets/x.json": false, "targets%2Fx.json": true, "2.targets/x.json": true, "a/b.json": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
