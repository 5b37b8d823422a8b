package plan_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/plan"
)

// TestNesting: what a plan takes to be read grows with its length, not with the
// square of it, whatever it is nested by.
func TestNesting(t *testing.T) {
	const n = 24_000
	indented := func() string {
		var b strings.Builder
		for i := range 300 {
			b.WriteString(strings.Repeat(" ", i) + "a:\n")
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"lists":              strings.Repeat("[", n),
		"lists that end":     strings.Repeat("[", n) + strings.Repeat("]", n),
		"objects":            strings.Repeat("{a: ", n),
		"lists over lines":   strings.Repeat("[\n", n),
		"marks of lists":     strings.Repeat("- ", n),
		"marks without room": strings.Repeat("? - ", n),
		"indentation":        indented(),
	} {
		var bad *plan.Error
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := plan.Parse([]byte("trust: wabbit\n"+text), nil)
		runtime.ReadMemStats(&after)
		if !errors.As(err, &bad) || bad.Line == 0 {
			t.Errorf("%s: %v", name, err)
		}
		allocated := after.TotalAlloc - before.TotalAlloc
		if allocated > 1<<20 {
			t.Errorf("%s: %d bytes are allocated for %d", name, allocated, len(text))
		}
	}
}
