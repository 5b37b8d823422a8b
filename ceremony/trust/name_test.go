package trust_test

import (
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// holds fails unless err says want, or is nil where want is "".
func holds(t *testing.T, what string, err error, want string) {
	t.Helper()
	if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("%q: got %v, want %q", what, err, want)
	}
}

func TestCheckName(t *testing.T) {
	const form = "lower-case letters and digits"
	for name, want := range map[string]string{
		"wabbit": "", "rehearsal-wabbit": "", "a": "", "3-2-1": "", strings.Repeat("w", 40): "",
		"": form, "-": form, "-a": form, "a-": form, "a--b": form, "Wabbit": form, "wabbit.org": form, "a_b": form,
		"a/b": form, "..": form, "wäbbit": form, "wabbit\n": form, "a b": form, "\x1b[2J": `\\x1b`,
		strings.Repeat("w", 41): "at most 40",
	} {
		holds(t, name, trust.CheckName(name), want)
	}
}

func TestIsRehearsal(t *testing.T) {
	for name, want := range map[string]bool{"rehearsal-wabbit": true, "rehearsal": false, "wabbit": false, "rehearsals-x": false, "x-rehearsal-y": false} {
		if trust.IsRehearsal(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestCheckTargetPath(t *testing.T) {
	for path, want := range map[string]string{
		"app": "", "wabbit/app:1.0": "", "a/b/c.tgz": "", "...": "", "a b": "", "größe": "", strings.Repeat("x", 255): "",
		"": "is empty", "/app": "relative", "a//b": "empty part", "a/": "empty part", "./a": `a part "."`, "a/../b": `a part ".."`, "..": "relative",
		`a\b`: `holds a \`, "a\x00b": "can't be seen", "a\u202eb": "can't be seen", "a\nb": "can't be seen", "a\xffb": "can't be seen",
		strings.Repeat("x", 256): "longer than 255", strings.Repeat("x/", 512) + "x": "longer than 1024",
	} {
		holds(t, path, trust.CheckTargetPath(path), want)
	}
}

func TestPayloadName(t *testing.T) {
	for _, tt := range []struct {
		role    string
		version int64
		bins    int
		want    string
	}{
		{"root", 7, 0, "root 7"},
		{"team", 1, 0, "team 1"},
		{"te\x1bam", 1, 0, `te\x1bam 1`},
		{trust.BinsRole("team"), 0, 16, "16 bins of team"},
		{"bins-*", 0, 2, "2 bins of bins"},
	} {
		if got := trust.PayloadName(tt.role, tt.version, tt.bins); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
