package onlinekey_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
)

// service is a key that a command reaches: what the command writes lies in files.
type service struct {
	dir     string
	public  []byte
	payload []byte
}

func newService(t *testing.T) service {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("skipped: these commands are for a POSIX shell")
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	s := service{t.TempDir(), pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), []byte("payload")}
	sum := sha256.Sum256(s.payload)
	signature, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"raw": signature, "base64": []byte(base64.StdEncoding.EncodeToString(signature) + "\n"), "payload": s.payload,
		"other": append(signature[:len(signature)-1:len(signature)-1], signature[len(signature)-1]^1),
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s service) sign(t *testing.T, ctx context.Context, line string) ([]byte, error) {
	t.Helper()
	c, err := onlinekey.NewCommand("cd '"+s.dir+"' && "+line, s.public)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := c.Sign(ctx, s.payload)
	if err == nil && c.Public().Verify(s.payload, signature) != nil {
		t.Errorf("%s: a signature that does not verify was returned", line)
	}
	return signature, err
}

func TestCommand(t *testing.T) {
	s := newService(t)
	for _, line := range []string{"cat raw", "cat base64", "cmp - payload && cat raw"} {
		if _, err := s.sign(t, t.Context(), line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for line, why := range map[string]string{
		"cat other":                    "does not verify",
		"true":                         "does not verify",
		"echo no key here >&2; exit 3": "no key here",
		"cat raw; exit 1":              "exit status 1",
		"cat raw raw":                  "does not verify",
		"no-such-program-anywhere":     "not found",
		"head -c 10000000 /dev/zero":   "does not verify",
		`printf '\033[2J' >&2; exit 1`: `\x1b`,
		"cat payload":                  "does not verify",
	} {
		_, err := s.sign(t, t.Context(), line)
		var failed *onlinekey.CommandError
		if !errors.As(err, &failed) || !strings.Contains(strings.ReplaceAll(err.Error(), `\u001b`, `\x1b`), why) {
			t.Errorf("%s: %v, want it to say %q", line, err, why)
		}
		if err != nil && strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: what it said reached the terminal raw", line)
		}
	}
}

// TestCommandCancelled: a command that hangs ends with the program.
func TestCommandCancelled(t *testing.T) {
	s := newService(t)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.sign(t, ctx, "sleep 3600"); !errors.Is(err, context.DeadlineExceeded) { // or the test would not end
		t.Error(err)
	}
}

func TestCommandNeedsPublicKey(t *testing.T) {
	s := newService(t)
	for name, file := range map[string][]byte{
		"nothing":   nil,
		"no PEM":    []byte("<html>"),
		"two":       append(append([]byte{}, s.public...), s.public...),
		"a private": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"garbage":   pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: []byte("x")}),
	} {
		if _, err := onlinekey.NewCommand("true", file); err == nil {
			t.Errorf("%s was taken", name)
		} else if strings.Contains(fmt.Sprint(err), "%!") {
			t.Error(err)
		}
	}
}
