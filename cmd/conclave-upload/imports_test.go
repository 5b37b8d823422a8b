package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestImports: the program links no registry, none of the offline half, and no
// test helper.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const ours = "github.com/conclave-tuf/conclave/"
	for _, dep := range strings.Fields(string(out)) {
		for _, forbidden := range []string{
			"github.com/distribution/distribution/", "testing",
			ours + "ui", ours + "offline", ours + "cmd/internal/embedded",
			ours + "cmd/conclave-upload/internal/registrytest", ours + "cmd/conclave-upload/internal/trusttest",
		} {
			if dep == strings.TrimSuffix(forbidden, "/") || strings.HasPrefix(dep, strings.TrimSuffix(forbidden, "/")+"/") {
				t.Errorf("%s is linked", dep)
			}
		}
	}
}
