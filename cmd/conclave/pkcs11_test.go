package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/internal/people"
	"github.com/conclave-tuf/conclave/cmd/internal/player"
)

// softHSM is the module of SoftHSM 2, as Debian installs it.
const softHSM = "/usr/lib/softhsm/libsofthsm2.so"

// TestFoundOnPKCS11 founds a real trust, on a terminal, with a token that is no
// YubiKey: it takes a plan that allows tokens without an attestation, and the
// holder is told that there is none.
func TestFoundOnPKCS11(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(softHSM); err != nil {
		needs(t, "SoftHSM 2 (Debian: softhsm2)")
	}
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "tokens"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("softhsm2.conf", "directories.tokendir = "+filepath.Join(dir, "tokens")+"\nobjectstore.backend = file\n")
	env := append(os.Environ(), "SOFTHSM2_CONF="+filepath.Join(dir, "softhsm2.conf"))
	const pin = "90731642"
	init := exec.Command("softhsm2-util", "--init-token", "--free", "--label", "ada", "--so-pin", "12345678", "--pin", pin)
	init.Env = env
	if out, err := init.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	write("online.pub", string(publicKey(t)))
	write("plan.yaml", `trust: wabbit
holders: [{name: Ada}]
roles:
  root:    {threshold: 1, holders: [Ada], expires: 365d}
  targets: {threshold: 1, holders: [Ada], expires: 180d}
online: {snapshot: online.pub, timestamp: online.pub}
tokens: {without-attestation: true}
`)
	s := newSite(dir, "vienna")
	s.Found, s.Terminal, s.Trust = true, true, "wabbit"
	s.Todo = []string{"Ada enrols a token", "Freeze root 1", "Ada signs", "Ada signs", "Write the bundle", "Leave"}
	unknown := false
	s.Instead = func(title, screen string) (people.Answer, bool, error) {
		words := strings.Join(strings.Fields(screen), " ") // a line may end anywhere
		unknown = unknown || strings.Contains(words, "the plan allows tokens that can't attest")
		if strings.HasPrefix(title, "PIN of") {
			return people.Answer{Text: pin, Secret: true}, true, nil
		}
		return people.Answer{}, false, nil
	}
	cmd := exec.Command("conclave", "--workspace", filepath.Join(dir, "site"), "--place", dir, "--pkcs11", softHSM)
	cmd.Dir, cmd.Env = dir, env
	var err error
	if s.Program, err = player.OnTerminal(cmd, player.Smallest(), nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Hold(ctx); err != nil {
		t.Fatalf("%v\n%s", err, s.Program.Stacks())
	}
	if !unknown {
		t.Error("no page said that the token can't attest its key")
	}
	if bytes.Contains(s.Program.Output(), []byte(pin)) {
		t.Error("the PIN was shown")
	}
	set, err := trust.Assemble(contents(t, dir))
	if err != nil || len(set.Roots) != 1 || set.Trust != "wabbit" {
		t.Errorf("%+v, %v", set, err)
	}
}
