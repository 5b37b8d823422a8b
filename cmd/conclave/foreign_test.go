//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/conclave-tuf/conclave/ui"
)

// TestForeignFilesAreFiles: no command waits for a pipe, follows a link, or
// reads what is larger than it may be. A command that waited would never end.
func TestForeignFilesAreFiles(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, pipe := range []string{"pipe.json", "pipe.tar", "repository/1.root.json", "layout/index.json", "workspace/journal.jsonl"} {
		must(os.MkdirAll(filepath.Dir(at(pipe)), 0o700))
		must(syscall.Mkfifo(at(pipe), 0o600))
	}
	must(os.WriteFile(at("layout/oci-layout"), []byte(`{"imageLayoutVersion":"1.0.0"}`), 0o600))
	must(os.WriteFile(at("secret"), []byte("{}"), 0o600))
	must(os.Symlink("secret", at("link.json")))
	must(os.Mkdir(at("sparse"), 0o700))
	for _, digit := range "123456789" {
		f, err := os.Create(at("sparse/" + string(digit) + ".root.json"))
		must(err)
		must(f.Truncate(maxMetadataFile))
		must(f.Close())
	}
	for _, args := range []string{
		"inspect pipe.json", "inspect pipe.tar", "inspect repository", "inspect layout", "inspect link.json", "inspect sparse",
		"status pipe.tar", "status pipe.json", "status workspace",
		"script pipe.tar", "script pipe.json",
		"record pipe.tar", "record verify pipe.json", "record verify secret pipe.tar", "record sign pipe.json --serial 1",
		"attestation pipe.json pipe.json", "extract pipe.tar out", "merge pipe.tar pipe.tar -o out", "export workspace -o out",
	} {
		cmd := exec.CommandContext(t.Context(), "conclave", strings.Fields(args)...)
		cmd.Dir = dir
		said, err := cmd.CombinedOutput()
		if err == nil || !bytes.HasPrefix(said, []byte("error:")) && !bytes.Contains(said, []byte("\nerror:")) {
			t.Errorf("%s: %v\n%s", args, err, said)
		}
	}

	must(os.WriteFile(at("plan.yaml"), samplePlan, 0o600))
	must(syscall.Mkfifo(at("online.pub"), 0o600))
	m := &machine{}
	if _, _, err := m.ReadPlan(t.Context(), ui.File{Name: "plan.yaml", Path: at("plan.yaml")}); err == nil || !strings.Contains(err.Error(), "online.pub") {
		t.Errorf("a plan whose key is a pipe: %v", err)
	}
	for _, name := range []string{"online.pub", "link.json"} {
		if _, err := m.Read(t.Context(), ui.File{Name: name, Path: at(name)}); err == nil {
			t.Errorf("%s was read", name)
		}
		if _, _, err := m.Hash(t.Context(), ui.File{Name: name, Path: at(name)}); err == nil {
			t.Errorf("%s was hashed", name)
		}
	}
}
