package stories

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/conclave-tuf/conclave/cmd/internal/embedded"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// TestMain builds both programs as they are built for people, and puts them
// first into PATH.
func TestMain(m *testing.M) { os.Exit(withPrograms(m.Run)) }

func withPrograms(run func() int) int {
	dir, err := os.MkdirTemp("", "stories-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-o", dir, "../../conclave", "../../conclave-upload")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	if err := os.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return run()
}

// The trust of the stories, where it is published, and what opens its online keys.
const (
	trust      = "rehearsal-wabbit"
	repository = "/org/tuf"
	passphrase = "correct horse battery"
)

// tokens are in the drawer of each story: one for each holder of the plan, and
// spares. Their serials follow each other.
const (
	tokens      = 16
	firstSerial = 5417501
)

// TestStories plays testdata/script, each story with a registry, a drawer of
// tokens and a stick of its own.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: begin,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"people":       sits,
			"publish":      publish,
			"clients":      clients,
			"fast-forward": fastForward,
			"others-found": othersFound,
			"lose":         lose,
			"exits":        exits,
		},
		Condition: func(name string) (bool, error) {
			if name != "long" {
				return false, fmt.Errorf("no condition is called %s", name)
			}
			return os.Getenv("CONCLAVE_LONG") != "", nil
		},
	})
}

// story is what the commands of one script share.
type story struct {
	dir     string // everything is below it
	ref     string // of the trust in the registry
	clients []client
}

type storyKey struct{}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// repository is where the story publishes, without the tag.
func (s *story) repository() string { return strings.TrimSuffix(s.ref, ":"+trust) }

func (s *story) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

// begin lays out what each story begins with. A plan of five holders is $FIVE.
func begin(env *testscript.Env) error {
	s, end, err := lay(env.WorkDir)
	if err != nil {
		return err
	}
	env.Defer(end)
	env.Values[storyKey{}] = s
	five, err := filepath.Abs("testdata/five.yaml")
	if err != nil {
		return err
	}
	env.Setenv("FIVE", five)
	env.Setenv("TRUST", trust)
	env.Setenv("REPOSITORY", s.repository())
	env.Setenv("REF", s.ref)
	env.Setenv("DOCKER_CONFIG", env.WorkDir)
	s.clients = newClients(env, s)
	return nil
}

// lay lays out a story in dir, with a registry of its own until its end: the plan
// of three holders in testdata/begin, unless the story brings its own.
func lay(dir string) (s *story, end func(), err error) {
	registry, err := embedded.Start(context.Background(), "")
	if err != nil {
		return nil, nil, err
	}
	end = func() { _ = registry.Close() } // the story is told
	defer func() {
		if err != nil {
			end()
		}
	}()
	s = &story{dir: dir, ref: registry.Host() + repository + ":" + trust}
	if _, err := os.Stat(s.path("stick", "plan.yaml")); errors.Is(err, fs.ErrNotExist) {
		if err := os.CopyFS(dir, os.DirFS("testdata/begin")); err != nil {
			return nil, nil, err
		}
	}
	if err := os.WriteFile(s.path("passphrase"), []byte(passphrase+"\n"), 0o600); err != nil {
		return nil, nil, err
	}
	drawer, err := virtual.OpenDrawer(s.path("drawer"), virtual.Options{Cost: 2}) // their PINs are no secrets
	if err != nil {
		return nil, nil, err
	}
	for i := range uint32(tokens) {
		if err := drawer.Add(firstSerial+i, virtual.Firmware574); err != nil {
			return nil, nil, err
		}
	}
	return s, end, nil
}

// lose SERIAL...: tokens are gone, and nobody can sign with them any more.
func lose(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: lose SERIAL...")
	}
	for _, serial := range args {
		found, err := filepath.Glob(storyOf(ts).path("drawer", "*"+serial+"*"))
		ts.Check(err)
		if len(found) != 1 {
			ts.Fatalf("the drawer has %d tokens %s", len(found), serial)
		}
		ts.Check(os.Remove(found[0]))
	}
}

// exits CODE PROGRAM ARGS...: a program ends with that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		code = ended.ExitCode()
	}
	if args[0] != strconv.Itoa(code) {
		ts.Fatalf("%s ended with exit code %d, not %s", strings.Join(args[1:], " "), code, args[0])
	}
}
