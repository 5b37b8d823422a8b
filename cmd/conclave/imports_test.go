package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/conclave-tuf/conclave"

// TestImports keeps every room to the arrows of the design: who may know whom
// is told by the folders' names, and nothing offline can know a network.
func TestImports(t *testing.T) {
	for _, tt := range []struct {
		pkg string
		may []string // of ours, beside itself
	}{
		{"ceremony/metadata", nil},
		{"ceremony", []string{"ceremony/metadata"}},
		{"bundles", []string{"ceremony", "ceremony/metadata"}},
		{"hsm", []string{"ceremony", "ceremony/metadata", "hsm/..."}},
		{"hsm/virtual", []string{"ceremony", "ceremony/metadata", "hsm/..."}},
		{"offline", []string{"bundles", "ceremony", "ceremony/metadata"}},
		{"ui", []string{"ceremony", "ceremony/metadata"}},
		{"cmd/conclave", []string{"ui", "offline", "hsm/...", "bundles", "ceremony", "ceremony/metadata", "cmd/internal/cli", "cmd/conclave/internal/drill"}},
		{"cmd/conclave-upload", []string{"hsm/...", "bundles", "ceremony", "ceremony/metadata", "cmd/internal/cli", "cmd/conclave-upload/..."}},
	} {
		for _, dep := range deps(t, "./"+tt.pkg) {
			ours, found := strings.CutPrefix(dep, module+"/")
			if found && ours != tt.pkg && !slices.ContainsFunc(tt.may, func(may string) bool { return matches(may, ours) }) {
				t.Errorf("%s imports %s", tt.pkg, ours)
			}
		}
	}
}

// TestOfflineHasNoNetwork: the code is not there, so no flag can switch it on.
func TestOfflineHasNoNetwork(t *testing.T) {
	for _, pkg := range []string{"cmd/conclave", "ui", "ceremony/...", "hsm/...", "offline/...", "bundles/..."} {
		for _, dep := range deps(t, "./"+pkg) {
			if dep == "net/http" || dep == "crypto/tls" || dep == "net/rpc" || strings.HasPrefix(dep, module+"/cmd/conclave-upload") {
				t.Errorf("%s links %s", pkg, dep)
			}
		}
	}
}

// TestUploaderIsLean: the registry of the demo and of the tests is no part of the program.
func TestUploaderIsLean(t *testing.T) {
	for _, dep := range deps(t, "./cmd/conclave-upload") {
		if strings.HasPrefix(dep, "github.com/distribution/distribution/") || strings.HasPrefix(dep, "charm.land/") {
			t.Errorf("conclave-upload links %s", dep)
		}
	}
}

func matches(pattern, pkg string) bool {
	prefix, all := strings.CutSuffix(pattern, "/...")
	return pkg == prefix || all && strings.HasPrefix(pkg, prefix+"/")
}

func deps(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", pkg)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list -deps %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}
