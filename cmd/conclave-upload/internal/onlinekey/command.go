package onlinekey

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

const (
	commandTimeout = time.Minute
	maxOutput      = 16 << 10 // bytes
)

// Command is a key that only a command can use: one in a KMS or a vault.
type Command struct {
	line   string
	public metadata.Key
}

// CommandError: a command did not sign.
type CommandError struct {
	Command string
	Why     string
	Err     error // of running it; nil where it ran
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("the command %q did not sign: %s", e.Command, e.Why)
}
func (e *CommandError) Unwrap() error { return e.Err }

// NewCommand makes a key of a command line, for the shell, and its public key:
// SubjectPublicKeyInfo in PEM. The command reads the payload on its standard
// input and writes the signature, as bytes or in base64, to its standard output.
func NewCommand(line string, publicPEM []byte) (*Command, error) {
	block, rest := pem.Decode(publicPEM)
	if block == nil || block.Type != blockPublic || len(bytes.TrimSpace(rest)) != 0 {
		return nil, fmt.Errorf("this is no public key: one PEM block %q is", blockPublic)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("this is no public key: %w", err)
	}
	key, err := metadata.NewKey(public)
	if err != nil {
		return nil, err
	}
	return &Command{line, key}, nil
}

// Public is the key as metadata names it.
func (c *Command) Public() metadata.Key { return c.public }

// Sign runs the command, and returns a signature that the public key verifies
// or a *CommandError.
func (c *Command) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	shell := []string{"sh", "-c"}
	if runtime.GOOS == "windows" {
		shell = []string{"cmd", "/C"}
	}
	run := exec.CommandContext(ctx, shell[0], shell[1], c.line)
	run.WaitDelay = time.Second // for what the shell has started
	run.Stdin = bytes.NewReader(payload)
	var out, said capped
	run.Stdout, run.Stderr = &out, &said
	if err := run.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		why := err.Error()
		if raw := strings.TrimSpace(said.String()); raw != "" {
			why += ": " + text.Safe(raw)
		}
		return nil, &CommandError{c.line, why, err}
	}
	for _, signature := range [][]byte{out.Bytes(), fromBase64(out.Bytes())} {
		if len(signature) > 0 && c.public.Verify(payload, signature) == nil {
			return signature, nil
		}
	}
	return nil, &CommandError{Command: c.line, Why: fmt.Sprintf("its public key does not verify the %d bytes that it wrote", out.Len())}
}

func fromBase64(text []byte) []byte {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil
	}
	return raw
}

// capped keeps the beginning of what is written to it.
type capped struct{ bytes.Buffer }

func (c *capped) Write(b []byte) (int, error) {
	if room := maxOutput - c.Len(); room > 0 {
		c.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}

// ReadFrom hides the buffer's own, which knows no limit.
func (c *capped) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{c}, r)
}
