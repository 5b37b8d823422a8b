//go:build linux && cgo

package hsm_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// Programs that are not of this project see the same token.
func TestOtherPrograms(t *testing.T) {
	for _, c := range []struct {
		firmware string
		reader   int
		command  []string
		empty    []string // what it says of a token from the factory
		enrolled []string // and of one that was enrolled
	}{
		{
			virtual.Firmware543, 0, []string{"yubico-piv-tool", "-r", "CCID 0", "-a", "status"},
			[]string{"Version:\t5.4.3", "Serial Number:\t5417533", "PIN tries left:\t3"},
			[]string{"Slot 9c:", "Algorithm:\tECCP256", "Subject DN:\tCN=wabbit Ada"},
		},
		{
			virtual.Firmware574, 1, []string{"ykman", "--device", "5417533", "piv", "info"},
			[]string{"PIV version: 5.7.4", "PIN tries remaining: 3/3", "Using default PIN"},
			[]string{"Slot 9c:", "Algorithm:\tECCP256", "Subject DN:\tCN=wabbit Ada"},
		},
	} {
		t.Run(c.command[0], func(t *testing.T) {
			need(t, c.command[0])
			s := insert(t, c.reader, card(t, virtual.Config{Serial: 5417533, Firmware: c.firmware}))
			says := func(want []string) {
				t.Helper()
				out := say(t, c.command[0], c.command[1:]...)
				for _, w := range want {
					if !strings.Contains(out, w) {
						t.Errorf("it doesn't say %q:\n%s", w, out)
					}
				}
			}
			says(c.empty)
			if _, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada")); err != nil {
				t.Fatal(err)
			}
			says(c.enrolled)
		})
	}
}

// OpenSSL accepts the chain of a virtual token's attestation, and the
// signature of its key.
func TestOpenSSL(t *testing.T) {
	need(t, "openssl")
	s := insert(t, 0, card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574}))
	e, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada"))
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte("signed by a token")
	sig, err := s.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), payload)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := virtual.RehearsalCA()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	root, device, leaf := file(t, dir, "ca", pemOf(ca)), file(t, dir, "f9", pemOf(e.Attestation.Device)), file(t, dir, "9c", pemOf(e.Attestation.Leaf))
	say(t, "openssl", "verify", "-CAfile", root, "-untrusted", device, leaf)
	key, data := file(t, dir, "key", []byte(e.Key.Public)), file(t, dir, "payload", payload)
	say(t, "openssl", "dgst", "-sha256", "-verify", key, "-signature", file(t, dir, "sig", sig), data)
}

// Another program signs with a key that our enrolment made, and OpenSSL
// accepts what it signed.
func TestAnotherProgramSigns(t *testing.T) {
	need(t, "yubico-piv-tool", "openssl")
	s := insert(t, 0, card(t, virtual.Config{Serial: 5417533, Firmware: virtual.Firmware543}))
	e, err := s.Enrol(t.Context(), hsmtest.Request("wabbit Ada"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	key, data := file(t, dir, "key", []byte(e.Key.Public)), file(t, dir, "payload", []byte("signed by another program"))
	sig := filepath.Join(dir, "sig")
	say(t, "yubico-piv-tool", "-r", "CCID 0", "-a", "verify-pin", "-P", hsmtest.GoodPIN,
		"--sign", "-s", "9c", "-A", "ECCP256", "-H", "SHA256", "-i", data, "-o", sig)
	say(t, "openssl", "dgst", "-sha256", "-verify", key, "-signature", sig, data)
}

func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			hsmtest.Missing(t, p)
		}
	}
}

// say runs a program and returns what it says.
func say(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}

func file(t *testing.T, dir, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
