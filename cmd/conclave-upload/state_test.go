package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

// TestStateKeepsRoots: a new root counts from the moment that it verified, although
// the rest was refused; whoever then goes back to the old root is refused.
func TestStateKeepsRoots(t *testing.T) {
	var x *trusttest.Trust
	s := ready(t, registrytest.Embedded(t).Host(), func(made *trusttest.Trust) { x = made })
	push := func() {
		s.run("push", s.path("bundle.tar"), s.ref, "--online-key", s.path("online.pem"), "--passphrase-file", s.path("passphrase"))
	}
	push()
	verify := []string{"verify", s.ref, "--state", s.path("state")}
	s.run(append(verify, "--root", s.path("root.json"))...)

	x.Root(func(*metadata.Root) {})
	b, err := bundles.Encode(x.Contents)
	if err != nil {
		t.Fatal(err)
	}
	s.write("bundle.tar", b.Bytes)
	push()
	s.now = func() time.Time { return time.Now().AddDate(0, 0, 60) }
	if code, said := s.exits(nil, verify...); code == cli.Done || !strings.Contains(said, "expired") {
		t.Fatalf("an old timestamp was believed: %d, %s", code, said)
	}
	if kept, err := os.ReadFile(s.path("state/wabbit/root.json")); err != nil || !bytes.Equal(kept, x.Offline().Roots[1].Bytes) {
		t.Errorf("root 2 was not kept: %v", err)
	}

	s.now = nil
	r := registrytest.Open(t, s.host, registry.Options{})
	old, err := r.Manifest(t.Context(), "wabbit-ts-1", head.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	live, err := r.Manifest(t.Context(), "wabbit", head.MaxSize)
	if err != nil {
		t.Fatal(err)
	}
	move := func(m registry.Manifest) {
		if err := r.PutManifest(t.Context(), "wabbit", m.MediaType, m.Bytes); err != nil {
			t.Fatal(err)
		}
	}
	move(old)
	if code, said := s.exits(nil, verify...); code == cli.Done || !strings.Contains(said, "has gone back") {
		t.Errorf("the registry went back to root 1: %d, %s", code, said)
	}
	move(live)
	s.run(verify...)
}

// TestVerifyInHashBins: what the ceremony offers for clients that don't know succinct
// bins is found, and got.
func TestVerifyInHashBins(t *testing.T) {
	s := ready(t, registrytest.Embedded(t).Host(), func(x *trusttest.Trust) {
		x.HashBins()
		x.UpdateWith("bin-1", map[string][]byte{"a": []byte("content")})
	})
	s.run("push", s.path("bundle.tar"), s.ref, "--online-key", s.path("online.pem"), "--passphrase-file", s.path("passphrase"), "--targets-elsewhere")
	r := registrytest.Open(t, s.host, registry.Options{})
	if _, err := r.PutBlob(t.Context(), []byte("content")); err != nil {
		t.Fatal(err)
	}
	if out := s.run("verify", s.ref, "--root", s.path("root.json"), "--target", "a"); !bytes.Contains(out, []byte("checked")) {
		t.Errorf("it said %s", out)
	}
	if code, said := s.exits(nil, "verify", s.ref, "--root", s.path("root.json"), "--target", "b"); code != cli.Refused || !strings.Contains(said, `o role vouches for the target "b"`) {
		t.Errorf("%d, %s", code, said)
	}
}
