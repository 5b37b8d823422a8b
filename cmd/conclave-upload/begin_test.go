package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

// begins is what a command's JSON says of where clients begin.
func begins(t *testing.T, out []byte) []client.Begin {
	t.Helper()
	var report struct{ Begins []client.Begin }
	if err := json.Unmarshal(out, &report); err != nil || len(report.Begins) != 2 {
		t.Fatalf("%s: %v", out, err)
	}
	return report.Begins
}

// TestOldHexRoot (sigstore/root-signing#1167, awslabs/tough#425): a repository
// whose root 1 go-tuf can't read is mirrored and verified from whichever root is
// pinned.
func TestOldHexRoot(t *testing.T) {
	src := filepath.Join(corpora.Dir(t), "reports", "old-hex-root")
	for pinned, want := range map[string][2]int64{"1.root.json": {1, 2}, "2.root.json": {2, 2}} {
		t.Run(pinned, func(t *testing.T) {
			s := &site{t: t, dir: t.TempDir(), host: registrytest.Embedded(t).Host()}
			t.Setenv("DOCKER_CONFIG", s.dir)
			ref, root := s.host+"/org/tuf:theirs", filepath.Join(src, pinned)
			for _, args := range [][]string{{"mirror", src, ref}, {"verify", ref}, {"mirror", ref, s.path("out")}} {
				got := begins(t, s.run(append(args, "--root", root, "--output", "json")...))
				if got[0].Root != want[0] || got[1].Root != want[1] || (got[1].Why != "") != (want[0] != want[1]) {
					t.Errorf("%v: clients begin with %+v, want roots %d", args, got, want)
				}
			}
			sameFiles(t, 6-int(want[0]), s.path("out"), src)
			if out := s.run("verify", ref, "--root", root); bytes.Contains(out, []byte("go-tuf's client from root 2, as it refuses root 1: ")) != (want[0] == 1) {
				t.Errorf("it says:\n%s", out)
			}
			// From what is live no root need be given.
			if out := s.run("mirror", src, ref); !bytes.Contains(out, []byte("unchanged")) {
				t.Errorf("again: %s", out)
			}
		})
	}
}

// TestWithoutASecondOpinion (tuf-on-ci#793): one key of the newest root is of a
// kind that go-tuf can't read, and so is its signature. The others reach the
// threshold: the repository is mirrored and verified, and it is said that go-tuf's
// client was not asked.
func TestWithoutASecondOpinion(t *testing.T) {
	for _, name := range []string{"oidc-key", "oidc-signature"} {
		t.Run(name, func(t *testing.T) {
			s := &site{t: t, dir: t.TempDir(), host: registrytest.Embedded(t).Host()}
			t.Setenv("DOCKER_CONFIG", s.dir)
			src := filepath.Join(corpora.Dir(t), "reports", name)
			ref, root := s.host+"/org/tuf:theirs", filepath.Join(src, "1.root.json")
			for _, args := range [][]string{{"mirror", src, ref}, {"verify", ref}, {"mirror", ref, s.path("out")}} {
				got := begins(t, s.run(append(args, "--root", root, "--output", "json")...))
				if got[0].Root != 1 || got[1].Root != 0 || got[1].Why == "" {
					t.Errorf("%v: clients begin with %+v", args, got)
				}
			}
			sameFiles(t, 4, s.path("out"), src)
			if out := s.run("verify", ref, "--root", root); !bytes.Contains(out, []byte("go-tuf's client was not asked, as it refuses root 1: ")) {
				t.Errorf("it says:\n%s", out)
			}
		})
	}
}

// TestRootsBeforeThePinnedOne: what does not lead to the pinned root is not
// published with it; from there nothing is lost.
func TestRootsBeforeThePinnedOne(t *testing.T) {
	s := &site{t: t, dir: t.TempDir(), host: registrytest.Embedded(t).Host()}
	t.Setenv("DOCKER_CONFIG", s.dir)
	if err := os.CopyFS(s.path("src"), os.DirFS(filepath.Join(corpora.Dir(t), "reports", "old-hex-root"))); err != nil {
		t.Fatal(err)
	}
	f := newForeign(t)
	f.publish(1)
	stranger, err := os.ReadFile(f.root())
	if err != nil {
		t.Fatal(err)
	}
	s.write("src/1.root.json", stranger)
	ref := s.host + "/org/tuf:theirs"
	if code, printed := s.exits(nil, "mirror", s.path("src"), ref, "--root", s.path("src/1.root.json")); code != cli.Refused {
		t.Errorf("from a stranger's root: exit code %d\n%s", code, printed)
	}
	s.run("mirror", s.path("src"), ref, "--root", s.path("src/2.root.json"))
	s.run("mirror", ref, s.path("out")) // the oldest root that is there is believed
	sameFiles(t, 4, s.path("out"), s.path("src"))
}
