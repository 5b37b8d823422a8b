package offline

import (
	"os"
	"testing"
)

// lacks ends a test that needs something this machine doesn't have: skipped,
// saying what, but in CI a failure.
func lacks(t *testing.T, what ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what...)
	}
	t.Skip(what...)
}
