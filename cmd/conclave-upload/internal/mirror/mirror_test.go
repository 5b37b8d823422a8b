package mirror_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
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
	c, err := config.New(url, root)
	if err != nil {
		t.Fatal(err)
	}
	c.LocalMetadataDir, c.LocalTargetsDir = t.TempDir(), t.TempDir()
	u, err := updater.New(c)
	if err != nil {
		t.Fatal(err)
	}
	u.UnsafeSetRefTime(trusttest.Start)
	if err := u.Refresh(); err != nil {
		t.Fatal(err)
	}
	return u.GetTrustedMetadataSet().Timestamp.Signed.Version
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
