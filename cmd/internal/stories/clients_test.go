package stories

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
	"golang.org/x/sync/errgroup"
)

// client is a TUF client. One with a state directory has followed from root 1
// through everything that it was shown; one without begins there each time.
type client struct {
	name  string
	state string
	look  func(ctx context.Context, c client, targets []string) (found, error)
}

// found is what a client believes after a look: the versions of the four
// top-level roles, and the SHA-256 of the targets that it got.
type found struct {
	versions map[string]int64
	targets  map[string]string
}

// newClients are go-tuf's updater over the registry, as the uploader's verify
// has it, go-tuf's own over a mirror on a web server, and tuf-js over the same.
func newClients(env *testscript.Env, s *story) []client {
	mirror := httptest.NewServer(http.FileServer(http.Dir(s.path("mirror"))))
	env.Defer(mirror.Close)
	kinds := []client{
		{name: "conclave-upload verify", look: s.verify},
		{name: "go-tuf", look: s.goTUF(mirror.URL)},
	}
	if why := tufJSMissing(); why == nil {
		kinds = append(kinds, client{name: "tuf-js", look: s.tufJS(mirror.URL)})
	} else if os.Getenv("CI") == "true" {
		env.T().Fatal(why)
	} else {
		env.T().Log("without tuf-js:", why)
	}
	var all []client
	for _, c := range kinds {
		follower := c
		follower.name, follower.state = c.name+", which has followed", s.path("states", c.name)
		c.name += ", which begins"
		all = append(all, c, follower)
	}
	return all
}

const tufJSDir = "../../../.ci/tuf-js"

func tufJSMissing() error {
	if _, err := exec.LookPath("node"); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(tufJSDir, "node_modules", "tuf-js")); err != nil {
		return fmt.Errorf("tuf-js is not installed (npm ci in .ci/tuf-js does it): %w", err)
	}
	return nil
}

// pinned is the root that clients were given by hand.
func (s *story) pinned() string { return s.path("pinned", "1.root.json") }

// clients accept [TARGET...]: what is live is mirrored, and every client,
// those that have followed and those that begin now, believes exactly that,
// and gets each target, which is the file of that name in files. With
// `clients accept-at REF [TARGET...]` they look there.
func clients(ts *testscript.TestScript, neg bool, args []string) {
	s := storyOf(ts)
	var targets []string
	switch {
	case !neg && len(args) > 0 && args[0] == "accept":
		targets = args[1:]
	case !neg && len(args) > 1 && args[0] == "accept-at":
		defer func(ref string) { s.ref = ref }(s.ref)
		s.ref, targets = args[1], args[2:]
	default:
		ts.Fatalf("usage: clients accept [TARGET...], or clients accept-at REF [TARGET...]")
	}
	want, err := s.live(targets)
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), longest)
	defer cancel()
	looks := make([]found, len(s.clients))
	var group errgroup.Group
	for i, c := range s.clients {
		group.Go(func() (err error) {
			if looks[i], err = c.look(ctx, c, targets); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			return nil
		})
	}
	ts.Check(group.Wait())
	for i, got := range looks {
		if !maps.Equal(got.versions, want.versions) || !maps.Equal(got.targets, want.targets) {
			ts.Fatalf("%s found %v, and %v is live", s.clients[i].name, got, want)
		}
	}
	ts.Logf("%d clients accept %v", len(looks), want.versions)
}

// live mirrors what is published, and says what clients have to find.
func (s *story) live(targets []string) (found, error) {
	var report roles
	if err := s.upload(context.Background(), &report, "mirror", s.ref, s.path("mirror"), "--root", s.pinned(), "--targets-elsewhere"); err != nil {
		return found{}, err
	}
	want := found{report.versions(), map[string]string{}}
	for _, path := range targets {
		content, err := os.ReadFile(s.path("files", filepath.FromSlash(path)))
		if err != nil {
			return found{}, err
		}
		sum := sha256.Sum256(content)
		want.targets[path] = hex.EncodeToString(sum[:])
	}
	return want, nil
}

// roles is a part of the uploader's reports.
type roles struct {
	Roles []struct {
		Name    string
		Version int64
	}
	Checked []struct{ Path, SHA256 string }
}

// versions are those of the top-level roles, which come first.
func (r roles) versions() map[string]int64 {
	v := map[string]int64{}
	for _, role := range r.Roles[:4] {
		v[role.Name] = role.Version
	}
	return v
}

// upload runs the uploader for its report.
func (s *story) upload(ctx context.Context, report any, args ...string) error {
	out, err := output(exec.CommandContext(ctx, "conclave-upload", append(args, "--output", "json")...))
	if err != nil {
		return fmt.Errorf("conclave-upload %s: %w", args[0], err)
	}
	return json.Unmarshal(out, report)
}

// output is what cmd prints; its error has what it said about that.
func output(cmd *exec.Cmd) ([]byte, error) {
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, errs.String())
	}
	return out, err
}

// verify is go-tuf's updater over the registry itself.
func (s *story) verify(ctx context.Context, c client, targets []string) (found, error) {
	args := []string{"verify", s.ref, "--root", s.pinned()}
	if c.state != "" {
		args = append(args, "--state", c.state)
	}
	for _, t := range targets {
		args = append(args, "--target", t)
	}
	var report roles
	if err := s.upload(ctx, &report, args...); err != nil {
		return found{}, err
	}
	got := found{report.versions(), map[string]string{}}
	for _, t := range report.Checked {
		got.targets[t.Path] = t.SHA256
	}
	return got, nil
}

// goTUF is go-tuf's updater, with a fetcher of its own.
func (s *story) goTUF(url string) func(context.Context, client, []string) (found, error) {
	return func(_ context.Context, c client, targets []string) (found, error) {
		dir := c.state
		if dir == "" {
			var err error
			if dir, err = os.MkdirTemp(s.dir, "go-tuf-"); err != nil {
				return found{}, err
			}
			defer os.RemoveAll(dir)
		}
		// The newest root that it has seen is the one that it trusts.
		root, err := os.ReadFile(filepath.Join(dir, "root.json"))
		if errors.Is(err, os.ErrNotExist) {
			root, err = os.ReadFile(s.pinned())
		}
		if err != nil {
			return found{}, err
		}
		cfg, err := config.New(url, root)
		if err != nil {
			return found{}, err
		}
		cfg.LocalMetadataDir, cfg.LocalTargetsDir = dir, filepath.Join(dir, "targets")
		u, err := updater.New(cfg)
		if err != nil {
			return found{}, err
		}
		if err := u.Refresh(); err != nil {
			return found{}, err
		}
		got := found{targets: map[string]string{}}
		for _, path := range targets {
			info, err := u.GetTargetInfo(path)
			if err != nil {
				return found{}, err
			}
			_, content, err := u.DownloadTarget(info, "", "")
			if err != nil {
				return found{}, err
			}
			sum := sha256.Sum256(content)
			got.targets[path] = hex.EncodeToString(sum[:])
		}
		set := u.GetTrustedMetadataSet()
		got.versions = map[string]int64{
			"root": set.Root.Signed.Version, "timestamp": set.Timestamp.Signed.Version,
			"snapshot": set.Snapshot.Signed.Version, "targets": set.Targets["targets"].Signed.Version,
		}
		return got, nil
	}
}

// tufJS is the client in .ci/tuf-js.
func (s *story) tufJS(url string) func(context.Context, client, []string) (found, error) {
	return func(ctx context.Context, c client, targets []string) (found, error) {
		args := []string{filepath.Join(tufJSDir, "verify.mjs")}
		if c.state != "" {
			args = append(args, "--state", c.state)
		}
		args = append(append(args, s.pinned(), url, url+"/targets"), targets...)
		out, err := output(exec.CommandContext(ctx, "node", args...))
		if err != nil {
			return found{}, err
		}
		var report struct {
			Versions map[string]int64
			Targets  []struct{ Path, SHA256 string }
		}
		if err := json.Unmarshal(out, &report); err != nil {
			return found{}, fmt.Errorf("%s: %w", out, err)
		}
		got := found{report.Versions, map[string]string{}}
		for _, t := range report.Targets {
			got.targets[t.Path] = t.SHA256
		}
		return got, nil
	}
}
