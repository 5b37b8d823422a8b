package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
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
		{"ceremony/text", []string{"ceremony/metadata"}},
		{"ceremony/token", []string{"ceremony/metadata", "ceremony/text"}},
		{"ceremony/journal", []string{"ceremony/metadata"}},
		{"ceremony/trust", []string{"ceremony/metadata", "ceremony/text"}},
		{"ceremony/draft", []string{"ceremony/metadata", "ceremony/text", "ceremony/trust", "ceremony/internal/strict"}},
		{"ceremony/review", []string{"ceremony/metadata", "ceremony/text", "ceremony/trust"}},
		{"ceremony/schedule", []string{"ceremony/metadata", "ceremony/text", "ceremony/trust"}},
		{"ceremony/paper", []string{"ceremony/metadata", "ceremony/text"}},
		{"bundles", []string{"ceremony/journal", "ceremony/metadata", "ceremony/text", "ceremony/trust"}},
		{"hsm", []string{"ceremony/metadata", "ceremony/text", "ceremony/token", "hsm/..."}},
		{"hsm/virtual", []string{"ceremony/metadata", "ceremony/text", "ceremony/token", "hsm/..."}},
		{"offline", []string{"bundles", "ceremony/journal", "ceremony/metadata", "ceremony/text", "ceremony/token", "ceremony/trust"}},
		{"ceremony", []string{"ceremony/..."}},
		{"ui/page", []string{"ceremony/..."}},
		{"ui/terminal", []string{"ui/page", "ceremony/...", "ui/terminal/internal/untmux"}},
		{"ui/plain", []string{"ui/page", "ceremony/..."}},
		{"ui", []string{"ui/page", "ceremony/..."}},
		{"cmd/conclave", []string{"ui", "ui/...", "offline", "hsm/...", "bundles", "ceremony/...", "cmd/internal/cli", "cmd/conclave/internal/drill"}},
		{"cmd/conclave-upload", []string{"hsm/...", "bundles", "ceremony/journal", "ceremony/metadata", "ceremony/text", "ceremony/token", "ceremony/trust", "cmd/internal/cli", "cmd/conclave-upload/..."}},
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

// TestRulesStartNothing: the rules run in the one goroutine that calls them, which
// is why "make test" runs them without the race detector.
func TestRulesStartNothing(t *testing.T) {
	for _, top := range []string{"ceremony", "bundles"} {
		err := filepath.WalkDir(filepath.Join("../..", top), func(name string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for n := range ast.Preorder(file) {
				if start, ok := n.(*ast.GoStmt); ok {
					t.Errorf("%s starts a goroutine", files.Position(start.Pos()))
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestConversationsAreNotDrawn: how a page is drawn is the drivers' to know.
func TestConversationsAreNotDrawn(t *testing.T) {
	for _, pkg := range []string{"ui", "ui/page", "ui/plain"} {
		for _, dep := range deps(t, "./"+pkg) {
			if strings.HasPrefix(dep, "charm.land/") {
				t.Errorf("%s links %s", pkg, dep)
			}
		}
	}
}

// TestUploaderIsLean: the registry of the demo and of the tests is no part of the
// program, and what it is given it reads without YAML.
func TestUploaderIsLean(t *testing.T) {
	for _, dep := range deps(t, "./cmd/conclave-upload") {
		if strings.HasPrefix(dep, "github.com/distribution/distribution/") || strings.HasPrefix(dep, "charm.land/") || strings.Contains(dep, "yaml") {
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

// TestTopLevel: what lies at the top is what the README says, and what convention
// wants there; a program that was built there by hand is not committed.
func TestTopLevel(t *testing.T) {
	may := []string{
		"cmd", "ui", "ceremony", "hsm", "offline", "bundles", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE", "CHANGELOG.md",
		"bin", "screens", // made by make, and ignored
	}
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(may, e.Name()) {
			t.Errorf("%s lies at the top level", e.Name())
		}
	}
}
