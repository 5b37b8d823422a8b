package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/cmd/internal/player"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// TestMain builds the program as it is built for people, and puts it first into
// PATH: what the stories hold a ceremony with is the real one.
func TestMain(m *testing.M) {
	// People wait more than their programs work: several sites fit on one core.
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(withProgram(m.Run))
}

func withProgram(run func() int) int {
	dir, err := os.MkdirTemp("", "conclave-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if out, err := exec.Command("go", "build", "-o", dir, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

func TestScripts(t *testing.T) {
	theirs := corpora.Dir(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("CORPORA", theirs)
			return lay(env.WorkDir, publicKey(t))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"hold": holdCommand, "drill": drillCommand},
	})
}

// holdCommand is `hold SITE found|co-sign STEP...`: the people of a site hold
// a rehearsal in the script's directory, with the plan and bundles in it.
func holdCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: hold SITE found|co-sign STEP...")
	}
	s := newSite(ts.Getenv("WORK"), args[0])
	s.Found, s.Todo = args[1] == "found", args[2:]
	var said bytes.Buffer
	err := s.hold(context.Background(), &said)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".log"), said.Bytes(), 0o600))
	if err != nil {
		ts.Fatalf("%v\n%s", err, said.Bytes())
	}
}

// testSite is the people of a site with their program.
type testSite struct {
	people.Site
	dir   string
	env   []string
	touch time.Duration // how long a token waits for it
	drill string        // the accident that is practised; "": none
}

func newSite(dir, name string) *testSite {
	s := &testSite{dir: dir, touch: 10 * time.Millisecond}
	s.Name, s.Trust, s.Place, s.PINs = name, "rehearsal-wabbit", filepath.Base(dir), people.PINs(people.Holders())
	return s
}

// everyone is what the founding site does.
func everyone(then ...string) []string {
	var todo []string
	for _, h := range people.Holders() {
		todo = append(todo, h.Name+" enrols a token")
	}
	return append(append(todo, "Freeze root 1"), then...)
}

// hold starts the program and lets the people hold their ceremony.
func (s *testSite) hold(ctx context.Context, said *bytes.Buffer) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := s.command()
	var err error
	if s.Terminal {
		s.Program, err = player.OnTerminal(cmd, player.Smallest(), nil)
	} else {
		s.Program, err = player.OnLines(cmd, said)
	}
	if err != nil {
		return err
	}
	s.Log = said
	err = s.Hold(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w\n%s", err, s.Program.Stacks())
	}
	if err != nil {
		return errors.Join(err, s.Program.Kill())
	}
	return nil
}

// patience is how long a ceremony may take, on a machine that does much else.
const patience = 4 * time.Minute

func (s *testSite) command() *exec.Cmd {
	args := []string{
		"rehearse",
		"--workspace", filepath.Join(s.dir, "site-"+s.Name),
		"--tokens", filepath.Join(s.dir, "drawer"),
		"--place", s.dir,
		"--touch-after", s.touch.String(),
	}
	if s.drill != "" {
		args = s.drillArgs()
	}
	cmd := exec.Command("conclave", args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.env...)
	return cmd
}

func publicKey(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// planned is a directory with a plan, as the founding site's.
func planned(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	fillDrawer(t, filepath.Join(dir, "drawer"))
	if err := lay(dir, publicKey(t)); err != nil {
		t.Fatal(err)
	}
	return dir
}

// lay puts an online key into dir, and the plan of the tests, unless there is
// another one.
func lay(dir string, online []byte) error {
	if err := os.WriteFile(filepath.Join(dir, "online.pub"), online, 0o600); err != nil {
		return err
	}
	plan := filepath.Join(dir, "plan.yaml")
	if _, err := os.Stat(plan); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text, err := os.ReadFile("testdata/plan.yaml")
	if err != nil {
		return err
	}
	return os.WriteFile(plan, text, 0o600)
}

// fillDrawer lays the tokens of a rehearsal into dir. Their PINs are no secrets,
// and quick to check.
func fillDrawer(t *testing.T, dir string) {
	t.Helper()
	drawer, err := virtual.OpenDrawer(dir, virtual.Options{Cost: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range uint32(drawerTokens) {
		if err := drawer.Add(firstSerial+i, firmware); err != nil {
			t.Fatal(err)
		}
	}
}

// contents is what the newest bundle in dir holds.
func contents(t *testing.T, dir string) trust.Contents {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.tar"))
	if err != nil || len(found) != 1 {
		t.Fatalf("there are %d bundles, %v", len(found), err)
	}
	b, err := bundles.Open(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return b.Contents
}

// TestKilledAtEveryPage kills the program at every page of a founding, and at
// ten moments while a token works, as a power cut would. Started again each
// time, it goes on, and in the end every signature was made once.
func TestKilledAtEveryPage(t *testing.T) {
	t.Parallel()
	if os.Getenv("CONCLAVE_LONG") == "" {
		t.Skip(`it starts the program some fifty times: left out where CONCLAVE_LONG, which "make test" sets, is empty`)
	}
	dir := planned(t)
	s := newSite(dir, "vienna")
	s.Found, s.touch = true, 400*time.Millisecond
	todo := everyone("Ada signs", "Bo signs", "Write the bundle")
	killed := map[string]bool{}
	atWork := 0
	s.Instead = func(title, screen string) (people.Answer, bool, error) {
		switch {
		case !killed[title]:
			killed[title] = true
			return people.Answer{}, false, people.ErrStop
		case title == "Who acts now?" || title == "Every step is done":
			return choosePossible(todo, screen)
		case (strings.HasPrefix(title, "PIN of") || strings.Contains(title, "PUK")) && atWork < 10:
			atWork++ // the next page is "Now: ..."
			program := s.Program
			time.AfterFunc(time.Duration(atWork)*60*time.Millisecond, func() { _ = program.Kill() })
		}
		return people.Answer{}, false, nil
	}
	var said bytes.Buffer
	ended := errors.New("not begun")
	for starts := 0; ended != nil; starts++ {
		killedAtWork := isType[*exec.ExitError](ended)
		if starts > 0 && !errors.Is(ended, people.ErrStop) && !killedAtWork || starts > 100 {
			t.Fatalf("after %d starts: %v", starts, ended)
		}
		ended = s.hold(t.Context(), &said)
	}
	if len(killed) < 25 || atWork < 10 {
		t.Errorf("it was killed on %d pages and %d times at work", len(killed), atWork)
	}
	c := contents(t, dir)
	signed := map[string]bool{}
	for _, sig := range c.Signatures {
		signed[sig.Proposal.String()+sig.KeyID] = true
	}
	if len(c.Proposals) != 2 || len(c.Signatures) != 4 || len(signed) != 4 || len(c.Attestations) != 5 {
		t.Errorf("%d proposals, %d signatures by %d keys, %d attestations are in the bundle",
			len(c.Proposals), len(c.Signatures), len(signed), len(c.Attestations))
	}
}

func isType[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// choosePossible takes the first thing on the list that the page offers.
func choosePossible(todo []string, screen string) (people.Answer, bool, error) {
	if regexp.MustCompile(`(?m)^done +Write the bundle`).MatchString(screen) {
		return people.Answer{Choose: "Leave"}, true, nil
	}
	for _, label := range todo {
		if regexp.MustCompile(`(?m)^\s*[0-9]+\. ` + regexp.QuoteMeta(label)).MatchString(screen) {
			return people.Answer{Choose: label}, true, nil
		}
	}
	return people.Answer{}, false, errors.New("nothing that is to be done can be done")
}

// TestPINIsNowhere types PINs, right and wrong, and looks for them in
// everything that the program wrote: files, screens, lines.
func TestPINIsNowhere(t *testing.T) {
	t.Parallel()
	for _, terminal := range []bool{false, true} {
		t.Run(fmt.Sprintf("terminal %v", terminal), func(t *testing.T) {
			t.Parallel()
			dir, wrong := planned(t), true
			s := newSite(dir, "vienna")
			s.Found, s.Terminal = true, terminal
			s.env = []string{"TEA_TRACE=" + filepath.Join(dir, "tea.log"), "UV_DEBUG=" + filepath.Join(dir, "uv.log")}
			s.Todo = everyone("Ada signs", "Leave")
			s.Instead = func(title, _ string) (people.Answer, bool, error) {
				if strings.HasPrefix(title, "PIN of") && wrong {
					wrong = false
					return people.Answer{Text: "86420975", Secret: true}, true, nil
				}
				return people.Answer{}, false, nil
			}
			var said bytes.Buffer
			if err := s.hold(t.Context(), &said); err != nil {
				t.Fatal(err)
			}
			secrets := []string{"86420975"}
			for _, h := range people.Holders() {
				secrets = append(secrets, h.PIN)
			}
			find := func(where string, b []byte) {
				for _, secret := range secrets {
					if bytes.Contains(b, []byte(secret)) {
						t.Errorf("a PIN stands in %s", where)
					}
				}
			}
			find("what the program said", s.Program.Output())
			err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				b, err := os.ReadFile(path)
				find(path, b)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if wrong {
				t.Error("no wrong PIN was typed")
			}
		})
	}
}

// TestWrongPINs: tries are shown, and the last one is not used without a word.
func TestWrongPINs(t *testing.T) {
	t.Parallel()
	dir := planned(t)
	s := newSite(dir, "vienna")
	s.Found = true
	s.Todo = everyone("Ada signs", "Bo signs", "Leave")
	asked, givenUp := 0, false
	s.Instead = func(title, screen string) (people.Answer, bool, error) {
		switch {
		case title == "Who acts now?":
			givenUp = false
		case strings.HasPrefix(title, "PIN of token 5417501"):
			asked++
			if left := fmt.Sprintf(`Tries left +%d\n`, 4-asked); !regexp.MustCompile(left).MatchString(screen) {
				return people.Answer{}, false, fmt.Errorf("the page does not say that %d tries are left:\n%s", 4-asked, screen)
			}
			return people.Answer{Text: "00000000", Secret: true}, true, nil
		case title == "One try is left", givenUp:
			givenUp = true // back to the list, where another holder steps up
			return people.Answer{Text: "b"}, true, nil
		}
		return people.Answer{}, false, nil
	}
	var said bytes.Buffer
	if err := s.hold(t.Context(), &said); err != nil {
		t.Fatalf("%v\n%s", err, said.Bytes())
	}
	if asked != 2 {
		t.Errorf("the PIN was asked for %d times", asked)
	}
	if n := strings.Count(said.String(), "== Signed"); n != 1 {
		t.Errorf("%d signatures were made, want Bo's alone", n)
	}
}

// TestHangup: a program whose terminal goes away ends by itself, and the
// ceremony goes on at the same step.
func TestHangup(t *testing.T) {
	t.Parallel()
	dir := planned(t)
	s := newSite(dir, "vienna")
	s.Found, s.Terminal = true, true
	s.Instead = func(title, _ string) (people.Answer, bool, error) {
		if strings.HasPrefix(title, "The plan of") {
			return people.Answer{Wait: true}, true, s.Program.Signal(syscall.SIGHUP)
		}
		return people.Answer{}, false, nil
	}
	ended, ok := errors.AsType[*exec.ExitError](s.hold(t.Context(), &bytes.Buffer{}))
	if !ok || ended.ExitCode() != 130 {
		t.Fatalf("it ended with %v", ended)
	}
	if screen := s.Program.Output(); !bytes.Contains(screen, []byte("\x1b[?1049l")) {
		t.Error("the terminal's first screen was not given back")
	}
	s.Instead = func(title, screen string) (people.Answer, bool, error) {
		if title == "Welcome back" && strings.Contains(screen, "Read and accept the plan") {
			return people.Answer{}, false, people.ErrStop
		}
		return people.Answer{}, false, fmt.Errorf("it went on at %q", title)
	}
	if err := s.hold(t.Context(), &bytes.Buffer{}); !errors.Is(err, people.ErrStop) {
		t.Error(err)
	}
}
