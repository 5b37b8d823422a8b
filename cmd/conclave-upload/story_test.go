package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"conclave-upload": main})
}

// TestStories runs testdata/script: each file is a session at a terminal, with
// a registry of its own at $REGISTRY. The commands below are the rest of the
// world: holders who sign, and somebody who pushes images.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			host := registrytest.Embedded(t).Host()
			env.Setenv("REGISTRY", host)
			env.Setenv("DOCKER_CONFIG", env.WorkDir)
			env.Values[world{}] = &story{t: t, host: host, trusts: map[string]*trusttest.Trust{}}
			return os.WriteFile(filepath.Join(env.WorkDir, "passphrase"), []byte(passphrase+"\n"), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"found":      found,
			"vouch":      vouch,
			"rotate":     rotate,
			"bundle":     bundle,
			"put-image":  putImage,
			"flip":       flip,
			"exits":      exits,
			"incomplete": incomplete,
			"closed":     closed,
			"signed-by":  signedBy,
			"online-key": onlineKey,
			"move-tag":   moveTag,
		},
	})
}

const passphrase = "correct horse battery"

type world struct{}

type story struct {
	t      *testing.T
	host   string
	trusts map[string]*trusttest.Trust
}

func (s *story) trust(ts *testscript.TestScript, name string) *trusttest.Trust {
	x := s.trusts[name]
	if x == nil {
		ts.Fatalf("nobody has founded %s", name)
	}
	return x
}

func storyOf(ts *testscript.TestScript) *story { return ts.Value(world{}).(*story) }

// found NAME: a ceremony founds a trust, with the online key NAME.pem.
func found(ts *testscript.TestScript, _ bool, args []string) {
	s, name := storyOf(ts), args[0]
	x := trusttest.NewAt(s.t, name, time.Now())
	s.trusts[name] = x
	sealed, err := x.Online.Seal([]byte(passphrase), onlinekey.Weak)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(name+".pem"), sealed, 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(name+".root.json"), x.Offline().Roots[0].Bytes, 0o600))
}

// vouch NAME PATH FILE [MEDIATYPE]: the holders sign targets that vouch for FILE.
func vouch(ts *testscript.TestScript, _ bool, args []string) {
	mediaType := ""
	if len(args) > 3 {
		mediaType = args[3]
	}
	storyOf(ts).trust(ts, args[0]).Vouch(args[1], []byte(ts.ReadFile(args[2])), mediaType)
}

// rotate NAME: the holders sign a root with another online key, NAME-new.pem.
func rotate(ts *testscript.TestScript, _ bool, args []string) {
	s := storyOf(ts)
	key := trusttest.Key(s.t, "ed25519")
	s.trust(ts, args[0]).NewOnlineKey(key)
	sealed, err := key.Seal([]byte(passphrase), onlinekey.Weak)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+"-new.pem"), sealed, 0o600))
}

// bundle NAME FILE: a site exports what it has.
func bundle(ts *testscript.TestScript, _ bool, args []string) {
	writeBundle(ts, storyOf(ts).trust(ts, args[0]).Contents, args[1])
}

// incomplete NAME FILE: a site exports what it has before the last holder signed.
func incomplete(ts *testscript.TestScript, _ bool, args []string) {
	c := storyOf(ts).trust(ts, args[0]).Contents
	c.Signatures = c.Signatures[:len(c.Signatures)-2]
	writeBundle(ts, c, args[1])
}

func writeBundle(ts *testscript.TestScript, c trust.Contents, name string) {
	b, err := bundles.Encode(c)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(name), b.Bytes, 0o600))
}

// signed-by NAME N FILE: the N-th holder exports what is proposed, with the own
// signatures alone.
func signedBy(ts *testscript.TestScript, _ bool, args []string) {
	x := storyOf(ts).trust(ts, args[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	writeBundle(ts, x.By(x.Holders()[n]), args[2])
}

// online-key NAME FILE: the holders sign a root that names the public key in
// FILE as the online key.
func onlineKey(ts *testscript.TestScript, _ bool, args []string) {
	block, _ := pem.Decode([]byte(ts.ReadFile(args[1])))
	if block == nil {
		ts.Fatalf("%s holds no key", args[1])
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	ts.Check(err)
	key, err := metadata.NewKey(public)
	ts.Check(err)
	storyOf(ts).trust(ts, args[0]).NewForeignKey(key)
}

// move-tag FROM TO: somebody has a tag name what another one names.
func moveTag(ts *testscript.TestScript, _ bool, args []string) {
	s := storyOf(ts)
	r := registrytest.Open(s.t, s.host, registry.Options{})
	m, err := r.Manifest(s.t.Context(), args[0], 1<<20)
	ts.Check(err)
	ts.Check(r.PutManifest(s.t.Context(), args[1], m.MediaType, m.Bytes))
}

// put-image FILE MEDIATYPE: somebody pushes an image, and the empty config that
// it refers to.
func putImage(ts *testscript.TestScript, _ bool, args []string) {
	s := storyOf(ts)
	r := registrytest.Open(s.t, s.host, registry.Options{})
	_, err := r.PutBlob(s.t.Context(), []byte("{}"))
	ts.Check(err)
	ts.Check(r.PutManifest(s.t.Context(), "image", args[1], []byte(ts.ReadFile(args[0]))))
}

// flip FILE OFFSET: a medium loses a bit.
func flip(ts *testscript.TestScript, _ bool, args []string) {
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	content := []byte(ts.ReadFile(args[0]))
	content[offset] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), content, 0o600))
}

// closed: $CLOSED is a host where nothing listens.
func closed(ts *testscript.TestScript, _ bool, _ []string) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	ts.Setenv("CLOSED", s.Listener.Addr().String())
}

// exits CODE PROGRAM ARGS...: runs a program that ends with that exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		code = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if args[0] != strconv.Itoa(code) {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}
