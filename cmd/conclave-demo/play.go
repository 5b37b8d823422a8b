package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/cmd/internal/embedded"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/cmd/internal/player"
	"github.com/conclave-tuf/conclave/hsm/virtual/pcscd"
)

// demo is the whole job, and what came of it so far.
type demo struct {
	out     io.Writer
	in      *os.File
	bin     string
	tufjs   string
	watcher *people.Watcher // somebody sits at a terminal and watches the screens
	size    player.Size     // of that terminal
	began   time.Time

	dir    string // everything is below it
	sticks string // the directory that plays the stick
	pinned string // what clients are given by hand

	registry   *embedded.Registry
	image      image
	passphrase string
	bundle     string // the last one on the stick
	made       []string
}

const (
	trust  = "rehearsal-wabbit"
	target = "wabbit/app"
)

// play goes from nothing to a verified image.
func (d *demo) play(ctx context.Context) error {
	for _, step := range []struct {
		title string
		do    func(context.Context) error
	}{
		{"A registry starts, and an image is pushed into it", d.start},
		{"The online key and the plan are made", d.plan},
		{"Site one founds the trust: five tokens, the first signatures", d.siteOne},
		{"Site two takes the stick, co-signs, and completes it", d.siteTwo},
		{"The bundle is looked at, and the root is kept for clients", d.inspect},
		{"The uploader signs snapshot and timestamp, and publishes", d.push},
		{"A client verifies the image, from the root it was given by hand", d.verify},
		{"A plain TUF repository for any web server is written", d.mirror},
		{"tuf-js, which nobody here wrote, verifies the same", d.tufJS},
	} {
		fmt.Fprintf(d.out, "\n--- %s\n", step.title)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", strings.ToLower(step.title[:1])+step.title[1:], err)
		}
	}
	fmt.Fprintf(d.out, "\n--- What was made, in %s\n", d.dir)
	for _, line := range d.made {
		fmt.Fprintln(d.out, "   "+line)
	}
	fmt.Fprintf(d.out, "\nAll of it verified, in %.1f seconds. Nothing of it is secret, and no key of it is real.\n", time.Since(d.began).Seconds())
	return d.registry.Close()
}

func (d *demo) note(format string, args ...any) {
	d.made = append(d.made, fmt.Sprintf(format, args...))
}

// ref is the repository of the demo.
func (d *demo) ref() string { return d.registry.Host() + "/wabbit/app" }

func (d *demo) start(ctx context.Context) error {
	store, err := d.mkdir("registry")
	if err != nil {
		return err
	}
	if d.registry, err = embedded.Start(ctx, store); err != nil {
		return err
	}
	if d.image, err = pushImage(ctx, d.ref()); err != nil {
		return err
	}
	fmt.Fprintf(d.out, "distribution v3 at %s\n%s:1.0 has %d layers\n%s\n", d.registry.Host(), d.ref(), d.image.Layers, d.image.Manifest.Digest)
	d.note("image      %s, %d layers, %d bytes", d.image.Manifest.Digest, d.image.Layers, d.image.Bytes)
	return nil
}

// plan writes the plan as people would, with the online key's public part.
func (d *demo) plan(ctx context.Context) error {
	d.passphrase = rand.Text()
	key := filepath.Join(d.dir, "online.pem")
	if _, err := d.upload(ctx, "key", "new", key); err != nil {
		return err
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.sticks, "online.pub"), public, 0o600); err != nil {
		return err
	}
	var holders strings.Builder
	var names []string
	for _, h := range people.Holders() {
		fmt.Fprintf(&holders, "  - name: %s\n    serial: %q\n", h.Name, h.Serial)
		names = append(names, h.Name)
	}
	text := fmt.Sprintf(`# What site one is to found.
trust: %s
holders:
%sroles:
  root:
    threshold: 3
    holders: [%s]
    expires: 365d
  targets:
    threshold: 2
    holders: [%s]
    expires: 180d
online:
  snapshot: online.pub
  timestamp: online.pub
targets:
  - path: %s
    sha256: %s
    length: %d
    media-type: %s
`, trust, holders.String(), strings.Join(names, ", "), strings.Join(names[:3], ", "),
		target, d.image.Manifest.Digest, d.image.Manifest.Size, d.image.Manifest.MediaType)
	fmt.Fprint(d.out, text)
	return os.WriteFile(filepath.Join(d.sticks, "plan.yaml"), []byte(text), 0o600)
}

func (d *demo) siteOne(ctx context.Context) error {
	var todo []string
	for _, h := range people.Holders() {
		todo = append(todo, h.Name+" enrols a token")
	}
	todo = append(todo, "Freeze root 1", "Ada signs", "Bo signs", "Ada signs", "Write the bundle", "Leave")
	return d.hold(ctx, &people.Site{Name: "vienna", Found: true, Todo: todo})
}

// siteTwo has its tokens behind a real card service, where there is one.
func (d *demo) siteTwo(ctx context.Context) error {
	site := &people.Site{Name: "oslo", Todo: []string{"Cy signs", "Cy signs", "Write the bundle", "Leave"}}
	cards, err := d.startCards(ctx)
	if missing, ok := errors.AsType[*pcscd.MissingError](err); ok {
		fmt.Fprintf(d.out, "the tokens stay in the drawer: %v\n", missing)
		return d.hold(ctx, site)
	}
	if err != nil {
		return err
	}
	site.Insert = cards.insert
	fmt.Fprintln(d.out, "its tokens are reached through pcscd, like real ones")
	return errors.Join(d.hold(ctx, site, cards.service.Environment()), cards.stop())
}

// hold runs the program at one site, with its people at the keyboard.
func (d *demo) hold(ctx context.Context, site *people.Site, env ...string) error {
	site.PINs, site.Trust, site.Place, site.Log = people.PINs(people.Holders()), trust, filepath.Base(d.sticks), d.out
	site.Watched, site.Terminal = d.watcher, d.watcher != nil
	tokens := d.drawer()
	if site.Insert != nil {
		tokens = "pcsc"
	}
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, "conclave"), "rehearse",
		"--workspace", filepath.Join(d.dir, "site-"+site.Name),
		"--tokens", tokens,
		"--place", d.sticks,
		"--touch-after", "300ms")
	cmd.Env = append(os.Environ(), env...)
	var err error
	if site.Terminal {
		restore, err := asGlass(d.in)
		if err != nil {
			return err
		}
		defer restore()
		if site.Program, err = player.OnTerminal(cmd, d.size, d.out); err != nil {
			return err
		}
	} else if site.Program, err = player.OnLines(cmd, d.out); err != nil {
		return err
	}
	if err := site.Hold(ctx); err != nil {
		return errors.Join(err, site.Program.Kill())
	}
	return d.newest(site.Name)
}

func (d *demo) drawer() string { return filepath.Join(d.dir, "drawer") }

// newest finds the bundle that a site has just written.
func (d *demo) newest(site string) error {
	found, err := filepath.Glob(filepath.Join(d.sticks, trust+"-*.tar"))
	if err != nil {
		return err
	}
	for _, path := range found {
		if !strings.Contains(strings.Join(d.made, "\n"), filepath.Base(path)) {
			d.bundle = path
			d.note("bundle     %s, from %s", filepath.Base(path), site)
			return nil
		}
	}
	return fmt.Errorf("site %s wrote no bundle", site)
}

func (d *demo) inspect(ctx context.Context) error {
	if err := d.conclave(ctx, "inspect", d.bundle); err != nil {
		return err
	}
	return d.conclave(ctx, "extract", d.bundle, d.pinned)
}

func (d *demo) push(ctx context.Context) error {
	d.registry.Forget()
	text, err := d.upload(ctx, "push", d.bundle, d.ref(), "--online-key", filepath.Join(d.dir, "online.pem"), "--output", "json")
	if err != nil {
		return err
	}
	var done struct {
		Head  string `json:"head"`
		Blobs int    `json:"blobs_sent"`
		Roles []struct {
			Name    string `json:"name"`
			Version int64  `json:"version"`
		} `json:"roles"`
	}
	if err := json.Unmarshal(text, &done); err != nil {
		return fmt.Errorf("the report of push: %w", err)
	}
	var roles []string
	for _, r := range done.Roles {
		roles = append(roles, fmt.Sprintf("%s %d", r.Name, r.Version))
	}
	d.note("published  %s:%s", d.ref(), trust)
	d.note("head       %s, %d blobs", done.Head, done.Blobs)
	d.note("versions   %s", strings.Join(roles, ", "))
	d.note("requests   %d to the registry, to publish", len(d.registry.Requests()))
	return nil
}

func (d *demo) root() string { return filepath.Join(d.pinned, "1.root.json") }

func (d *demo) verify(ctx context.Context) error {
	_, err := d.upload(ctx, "verify", d.ref()+":"+trust, "--root", d.root(), "--target", target)
	if err == nil {
		d.note("verified   %s, with go-tuf's client", target)
	}
	return err
}

func (d *demo) mirror(ctx context.Context) error {
	_, err := d.upload(ctx, "mirror", d.ref()+":"+trust, filepath.Join(d.dir, "mirror"), "--root", d.root())
	if err == nil {
		d.note("mirror     %s", filepath.Join(d.dir, "mirror"))
	}
	return err
}

// conclave runs the offline program.
func (d *demo) conclave(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, "conclave"), args...)
	fmt.Fprintf(d.out, "$ conclave %s\n", strings.Join(args, " "))
	cmd.Stdout, cmd.Stderr = d.out, d.out
	return cmd.Run()
}

// upload runs the online program; the passphrase goes through a pipe.
func (d *demo) upload(ctx context.Context, args ...string) ([]byte, error) {
	fmt.Fprintf(d.out, "$ conclave-upload %s\n", strings.Join(args, " "))
	if args[0] == "key" || args[0] == "push" {
		args = append(args, "--passphrase-fd", "3")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, "conclave-upload"), args...)
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	if _, err := io.WriteString(write, d.passphrase+"\n"); err != nil {
		return nil, err
	}
	if err := write.Close(); err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{read}
	var report bytes.Buffer
	cmd.Stdout, cmd.Stderr = &report, d.out
	if !slices.Contains(args, "json") {
		cmd.Stdout = d.out
	}
	err = cmd.Run()
	return report.Bytes(), err
}
