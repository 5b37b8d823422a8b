package metadata_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// This package runs on the air-gapped machine: it links nothing that could
// reach a network, and no TUF implementation but its own.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		if slices.Contains([]string{"net/http", "net/rpc", "crypto/tls", "os/exec"}, dep) ||
			strings.Contains(dep, "go-tuf") || strings.Contains(dep, "sigstore") {
			t.Errorf("it depends on %s", dep)
		}
	}
}
