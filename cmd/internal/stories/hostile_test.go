package stories

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/conclave-tuf/conclave/bundles"
	rules "github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/cmd/internal/player"
)

// TestHostileBundles: what strangers hand over is refused, or does no harm, by
// every way in and at every site; and nothing that stands changes.
func TestHostileBundles(t *testing.T) {
	w := newWorld(t)
	for n, c := range hostile(w) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			try := &try{world: w, T: t, c: c, path: filepath.Join(t.TempDir(), "hostile.tar")}
			b, err := bundles.Encode(c.contents)
			try.must(err)
			try.must(os.WriteFile(try.path, b.Bytes, 0o600))
			for i, s := range w.sites(strings.ToLower(strings.ReplaceAll(c.name, " ", "-"))) {
				if os.Getenv("CONCLAVE_LONG") == "" && n%3 != i {
					continue // "make test" sets it
				}
				try.ends(s.name+": take over", c.take[i], c.says.take, try.takeOver(s))
				try.ends(s.name+": merge", c.merge[i], c.says.merge, try.merge(s))
				try.ends(s.name+": push", c.push[i], c.says.push, try.push(s))
			}
			try.ends("inspect", c.look[0], c.says.look, w.run(t, "conclave", "inspect", try.path))
			try.ends("extract", c.look[1], c.says.look, try.extract())
			try.ends("status", c.look[2], c.says.look, w.run(t, "conclave", "status", try.path))
		})
	}
}

// world is what hostile bundles come into: a trust with root 1 and 2 and
// targets 1, which is published.
type world struct {
	*story
	t          *testing.T
	good, live rules.Contents // of the site that founded it, and of what is live
	stands     map[string]string
}

// place is a site, with what it knows.
type place struct {
	name       string
	workspace  string   // "": there is none yet
	bundle     string   // what it hands on; "": nothing
	repository string   // where it publishes
	root       []string // how it says whose trust that is
}

// answer is how a way in ended.
type answer struct {
	code int
	said string
}

// try is a hostile bundle on its way in.
type try struct {
	*world
	*testing.T
	c    bundle
	path string
}

func (t *try) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ends fails unless a way in ended with the exit code of that digit and, where
// that is not 0, said why.
func (t *try) ends(way string, code byte, says string, a answer) {
	t.Helper()
	said := strings.Join(strings.Fields(a.said), " ")
	if a.code != int(code-'0') || a.code != 0 && !regexp.MustCompile(says).MatchString(said) {
		t.Errorf("%s: exit code %d, want %c, and that it says %q:\n%s", way, a.code, code, says, a.said)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	s, end, err := lay(dir)
	w := &world{story: s, t: t}
	w.must(err)
	t.Cleanup(end)
	w.program(t, "conclave-upload", "key", "new", "online.pem", "--passphrase-file", "passphrase")
	w.must(os.Rename(w.path("online.pem.pub"), w.path("stick", "online.pem.pub")))
	for _, sits := range []sitting{
		{Site: "vienna", To: "found", Does: []string{
			"Ada, Bo and Cy enrol", "Freeze root 1", "Ada and Bo sign root", "Ada and Bo sign targets",
			"Change this trust", "How long", "root", "200", "That is all", "Freeze what is to change", "Ada and Bo sign root",
			"Write the bundle", "Leave",
		}},
		{Site: "oslo", To: "co-sign", Bundles: []string{"vienna"}, Does: []string{"Write the bundle", "Leave"}},
	} {
		if said, err := w.hold(sits); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	w.program(t, "conclave", "extract", w.bundleOf("vienna"), "pinned")
	w.stands = filesIn(t, w.path("pinned"))
	w.program(t, "conclave-upload", w.pushes(w.bundleOf("vienna"), w.repository())...)
	w.program(t, "conclave-upload", "fetch", w.ref, "--root", w.pinned(), "-o", "live.tar")
	w.good, w.live = w.contents(w.bundleOf("vienna")), w.contents(w.path("live.tar"))
	return w
}

// must is for what the test itself does before any bundle comes in.
func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) bundleOf(site string) string { return w.path("stick", site+".tar") }

func (w *world) contents(path string) rules.Contents {
	w.t.Helper()
	b, err := bundles.Open(path)
	w.must(err)
	return b.Contents
}

// filesIn are those of a directory, by name.
func filesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	inside := os.DirFS(dir)
	if err := fs.WalkDir(inside, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(inside, name)
		all[name] = string(b)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func (w *world) pushes(bundle, repository string, more ...string) []string {
	return append([]string{"push", bundle, repository, "--online-key", "online.pem", "--passphrase-file", "passphrase", "--with-targets", "files"}, more...)
}

// run is a program that may fail.
func (w *world) run(t *testing.T, name string, args ...string) answer {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = w.dir
	out, err := cmd.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return answer{cmd.ProcessState.ExitCode(), string(out)}
}

// program is a program that must not.
func (w *world) program(t *testing.T, name string, args ...string) {
	t.Helper()
	if a := w.run(t, name, args...); a.code != 0 {
		t.Fatalf("%s %v: exit code %d\n%s", name, args, a.code, a.said)
	}
}

// sites are one that founded the trust, one that co-signs it, and one that knows
// nothing. They publish where it is live, where nothing is but the root is
// pinned, and where nothing is.
func (w *world) sites(c string) []place {
	return []place{
		{"founding", w.path("site-vienna"), w.bundleOf("vienna"), w.repository(), nil},
		{"co-signing", w.path("site-oslo"), w.bundleOf("oslo"), w.repository() + "/pinned/" + c, []string{"--root", w.pinned()}},
		{"knows nothing", "", "", w.repository() + "/empty/" + c, nil},
	}
}

// head is the digest of what is live in a repository; "" for nothing.
func (w *world) head(t *testing.T, repository string) string {
	t.Helper()
	r, err := remote.NewRepository(repository)
	if err != nil {
		t.Fatal(err)
	}
	r.PlainHTTP = true // it is on loopback
	d, err := r.Resolve(t.Context(), trust)
	if err != nil && !errors.Is(err, errdef.ErrNotFound) {
		t.Fatal(err)
	}
	return d.Digest.String()
}

// stays fails unless what stands in a bundle is what stood before: or where people
// have to choose or to sign, that is said.
func (t *try) stays(path string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	a := t.run(t.T, "conclave", "extract", path, out)
	if a.code != t.c.after {
		t.Errorf("what came of it is extracted with exit code %d, want %d: %s", a.code, t.c.after, a.said)
	}
	if a.code == 0 && !maps.Equal(filesIn(t.T, out), t.stands) {
		t.Error("something else stands")
	}
	for _, s := range t.good.Signatures {
		if !slices.Contains(t.contents(path).Signatures, s) {
			t.Errorf("the signature of %.8s is lost", s.KeyID)
		}
	}
	for _, a := range t.good.Attestations {
		if !slices.ContainsFunc(t.contents(path).Attestations, func(b rules.KeyAttestation) bool { return a.KeyID == b.KeyID && bytes.Equal(a.PEM, b.PEM) }) {
			t.Errorf("the attestation of %.8s is lost", a.KeyID)
		}
	}
}

// takeOver has the people of a site take the bundle over.
func (t *try) takeOver(s place) answer {
	t.Helper()
	workspace := filepath.Join(t.TempDir(), "workspace")
	if s.workspace == "" {
		return t.sit(workspace, t.path)
	}
	t.must(os.CopyFS(workspace, os.DirFS(s.workspace)))
	held := func() map[string]string {
		all := filesIn(t.T, workspace)
		maps.DeleteFunc(all, func(name, _ string) bool { return name != "journal.jsonl" && !strings.HasPrefix(name, "blobs/") })
		lines := slices.Collect(strings.Lines(all["journal.jsonl"]))
		if n := len(lines) - 1; strings.Contains(lines[n], `"type":"clock-confirmed"`) {
			all["journal.jsonl"] = strings.Join(lines[:n], "") // each sitting begins with that
		}
		return all
	}
	before := held()
	a := t.sit(workspace, t.path)
	if a.code != 0 && !maps.Equal(before, held()) {
		t.Errorf("%s: it was refused, and the workspace is not what it was", s.name)
	}
	out := t.TempDir()
	t.program(t.T, "conclave", "export", workspace, "-o", out)
	written, err := filepath.Glob(filepath.Join(out, "*.tar"))
	t.must(err)
	if a.code == 0 {
		t.stays(written[0])
	}
	return a
}

// sit is how people take a bundle over into a workspace.
func (t *try) sit(workspace, path string) (a answer) {
	t.Helper()
	stick := filepath.Join(t.TempDir(), "stick")
	t.must(os.CopyFS(stick, os.DirFS(filepath.Dir(path))))
	cmd := exec.Command("conclave", "rehearse", "--workspace", workspace, "--tokens", t.story.path("drawer"), "--place", stick)
	var log bytes.Buffer
	program, err := player.OnLines(cmd, &log)
	t.must(err)
	name, _ := strings.CutSuffix(filepath.Base(path), ".tar")
	site := &people.Site{
		Program: program, Log: &log, Name: "bern", Trust: trust, Place: "stick", Bundles: []string{name}, Todo: []string{"Take over a bundle"},
		Instead: func(title, screen string) (people.Answer, bool, error) {
			switch title {
			case "This bundle can't be used":
				a = answer{1, screen}
			case "The bundle was taken over":
				a = answer{0, screen}
			default:
				return people.Answer{}, false, nil
			}
			return people.Answer{}, false, people.ErrStop
		},
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	if err := site.Hold(ctx); !errors.Is(err, people.ErrStop) {
		t.Errorf("nobody could take it over: %v", err)
	}
	t.must(program.Kill())
	return a
}

// merge joins the bundle to that of a site, from either side; where a site has
// none, to itself.
func (t *try) merge(s place) answer {
	t.Helper()
	ours, out := cmp.Or(s.bundle, t.path), filepath.Join(t.TempDir(), "merged.tar")
	a := t.run(t.T, "conclave", "merge", ours, t.path, "-o", out)
	if b := t.run(t.T, "conclave", "merge", t.path, ours, "-o", out); a.code != b.code {
		t.Errorf("%s: merged from the other side it ends with %d, not %d", s.name, b.code, a.code)
	}
	if _, err := os.Stat(out); (err == nil) != (a.code == 0) {
		t.Errorf("%s: exit code %d, and the merged bundle: %v", s.name, a.code, err)
	}
	if a.code != 0 || s.bundle == "" {
		return a
	}
	t.stays(out)
	code := byte('0')
	if t.c.says.later != "" {
		code = '1'
	}
	t.ends(s.name+": take over what was merged", code, t.c.says.later, t.sit(filepath.Join(t.TempDir(), "workspace"), out))
	return a
}

// push publishes the bundle.
func (t *try) push(s place) answer {
	t.Helper()
	before := t.head(t.T, s.repository)
	a := t.run(t.T, "conclave-upload", t.pushes(t.path, s.repository, s.root...)...)
	after := t.head(t.T, s.repository)
	if (before != after) != (before == "" && a.code == 0) {
		t.Errorf("%s: exit code %d, and %q is live after %q", s.name, a.code, after, before)
	}
	if a.code == 0 {
		t.program(t.T, "conclave-upload", "verify", s.repository+":"+trust, "--root", t.pinned(), "--target", "wabbit/app")
	}
	return a
}

// extract writes the files of the bundle.
func (t *try) extract() answer {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	a := t.run(t.T, "conclave", "extract", t.path, out)
	if _, err := os.Stat(out); (err == nil) != (a.code == 0) {
		t.Errorf("extract: exit code %d, and the files: %v", a.code, err)
	}
	return a
}
