package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/metadata/corpora"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestVerdictOfABundle: what a bundle is worth is said by every command that
// reads one, and by its exit code.
func TestVerdictOfABundle(t *testing.T) {
	dir := t.TempDir()
	good := publishedSet(t, func([]trust.NamedFile) {})
	unsigned := publishedSet(t, func(files []trust.NamedFile) {
		root, err := metadata.ParseFile(files[0].Bytes, metadata.Adopted)
		if err != nil {
			t.Fatal(err)
		}
		files[0].Bytes = metadata.Assemble(root.Signed.Bytes, nil)
	})
	attested := good
	attested.Attestations = []trust.KeyAttestation{{KeyID: strings.Repeat("0", 64), PEM: []byte("null")}}
	for name, c := range map[string]trust.Contents{"good.tar": good, "unsigned.tar": unsigned, "attested.tar": attested} {
		b, err := bundles.Encode(c)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"inspect", "good.tar", "--at", "2026-01-01T00:00:00Z"}, 0, ""},
		{[]string{"inspect", "good.tar", "--at", "2040-01-01T00:00:00Z"}, 1, "expired"},
		{[]string{"inspect", "unsigned.tar", "--at", "2026-01-01T00:00:00Z"}, 1, "does not verify"},
		{[]string{"inspect", "attested.tar", "--at", "2026-01-01T00:00:00Z"}, 1, "attestation of key 00000000: an attestation is two certificates"},
		{[]string{"merge", "good.tar", "attested.tar", "-o", "merged.tar"}, 1, "attestation of key 00000000: an attestation is two certificates"},
		{[]string{"extract", "unsigned.tar", "pinned"}, 1, "does not verify"},
		{[]string{"merge", "good.tar", "unsigned.tar", "-o", "merged.tar"}, 1, ""},
		{[]string{"merge", "unsigned.tar", "unsigned.tar", "-o", "merged.tar"}, 1, "does not verify"},
		{[]string{"status", "unsigned.tar", "--at", "2026-01-01T00:00:00Z"}, 1, ""},
		{[]string{"extract", "good.tar", "pinned"}, 0, ""},
	} {
		cmd := exec.CommandContext(t.Context(), "conclave", tt.args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		exit, _ := errors.AsType[*exec.ExitError](err)
		if code := cmd.ProcessState.ExitCode(); code != tt.code || exit == nil != (tt.code == 0) || !bytes.Contains(out, []byte(tt.says)) {
			t.Errorf("%v: exit code %d, want %d\n%s", tt.args, code, tt.code, out)
		}
		_, merged := os.Stat(filepath.Join(dir, "merged.tar"))
		_, pinned := os.Stat(filepath.Join(dir, "pinned"))
		if merged == nil || tt.code != 0 && pinned == nil {
			t.Errorf("%v: something was written", tt.args)
		}
	}
}

// publishedSet is go-tuf-mirror's repository, as a bundle has it.
func publishedSet(t *testing.T, change func([]trust.NamedFile)) trust.Contents {
	t.Helper()
	adopted, err := trust.Adopt(corpora.Metadata(t, "go-tuf-mirror/metadata"), "theirs")
	if err != nil {
		t.Fatal(err)
	}
	change(adopted.Contents.Published)
	return adopted.Contents
}
