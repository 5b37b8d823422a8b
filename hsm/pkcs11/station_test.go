//go:build linux && cgo

package pkcs11_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/pkcs11"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// station is the daemon behind which OpenSC sees virtual tokens.
var station hsmtest.Station

// spy stands between the reader and SoftHSM and writes down each call: the
// only witness of how often a token was asked. It opens its file once in the
// life of a process.
var spy struct{ module, file string }

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "pkcs11")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	spy.module = find("pkcs11-spy.so", "pkcs11/pkcs11-spy.so")
	spy.file = filepath.Join(dir, "calls")
	os.Setenv("PKCS11SPY", find("softhsm/libsofthsm2.so"))
	os.Setenv("PKCS11SPY_OUTPUT", spy.file)
	return station.Main(m, 1)
}

// find looks for a library, "" where it isn't there.
func find(names ...string) string {
	for _, name := range names {
		for _, dir := range []string{"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/local/lib"} {
			if p := filepath.Join(dir, name); exists(p) {
				return p
			}
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// need ends a test where a library or a program is missing.
func need(t testing.TB, what, path string) string {
	t.Helper()
	if path == "" {
		hsmtest.Missing(t, what)
	}
	return path
}

// soft is a SoftHSM with a directory of its own, and no token in it yet.
type soft struct{ dir string }

func newSoft(t testing.TB) *soft {
	t.Helper()
	need(t, "SoftHSM 2", os.Getenv("PKCS11SPY"))
	need(t, "pkcs11-spy (OpenSC)", spy.module)
	s := &soft{t.TempDir()}
	config := filepath.Join(s.dir, "softhsm2.conf")
	tokens := filepath.Join(s.dir, "tokens")
	if err := os.Mkdir(tokens, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, fmt.Appendf(nil, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", tokens), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", config)
	return s
}

// add initialises a token with hsmtest's PIN, as its own tool does it.
func (s *soft) add(t testing.TB, label string) {
	t.Helper()
	say(t, "softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "87654321", "--pin", hsmtest.GoodPIN)
}

// reader is one over the spy. It is closed before the test ends.
func (s *soft) reader(t testing.TB, o pkcs11.Options) *pkcs11.Reader {
	t.Helper()
	o.Module = spy.module
	r := pkcs11.NewReader(o)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// only is the one token of a reader.
func only(t testing.TB, r *pkcs11.Reader) *pkcs11.Token {
	t.Helper()
	tokens, err := r.Tokens(t.Context())
	if err != nil || len(tokens) != 1 {
		t.Fatalf("%d tokens, %v", len(tokens), err)
	}
	return tokens[0].(*pkcs11.Token)
}

// counts is what SoftHSM was asked for so far, in the words of a card.
func counts(t testing.TB) virtual.Counts {
	t.Helper()
	calls, err := os.ReadFile(spy.file)
	if err != nil {
		t.Fatal(err)
	}
	n := func(what string) int { return bytes.Count(calls, []byte(what)) }
	return virtual.Counts{
		Verify: n(": C_Login\n"),
		Change: n(": C_SetPIN\n"),
		// The binding asks first for the signature's length alone.
		Sign: n(": C_Sign\n") - n("[out] pSignature[*pulSignatureLen] NULL"),
	}
}

// say runs a program and returns what it says.
func say(t testing.TB, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		hsmtest.Missing(t, program)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

// request is hsmtest's, with what a PKCS#11 token can have.
func request(subject string) token.EnrolRequest {
	r := hsmtest.Request(subject)
	r.PINPolicy = token.PINOnce
	return r
}
