package registry_test

import (
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

func TestParseReference(t *testing.T) {
	for in, want := range map[string]struct {
		registry.Reference
		loopback bool
	}{
		"127.0.0.1:5000/org/tuf:wabbit": {registry.Reference{Host: "127.0.0.1:5000", Repository: "org/tuf", Tag: "wabbit"}, true},
		"localhost/tuf":                 {registry.Reference{Host: "localhost", Repository: "tuf"}, true},
		"[::1]:5000/tuf":                {registry.Reference{Host: "[::1]:5000", Repository: "tuf"}, true},
		"registry.example/org/tuf":      {registry.Reference{Host: "registry.example", Repository: "org/tuf"}, false},
	} {
		got, err := registry.ParseReference(in)
		if err != nil || got != want.Reference || got.Loopback() != want.loopback || got.String() != in {
			t.Errorf("%s: %+v, loopback %v, %v", in, got, got.Loopback(), err)
		}
	}
	for _, in := range []string{"", "tuf", "https://registry.example/tuf", "registry.example/TUF", "registry.example/tuf:",
		"registry.example/tuf@sha256:" + strings.Repeat("0", 64), "registry.example/tuf:a@sha256:" + strings.Repeat("0", 64)} {
		if got, err := registry.ParseReference(in); err == nil {
			t.Errorf("%q was taken as %+v", in, got)
		}
	}
	for tag, ok := range map[string]bool{"wabbit": true, "": false, "a b": false, strings.Repeat("a", 129): false} {
		if _, err := (registry.Reference{Host: "registry.example", Repository: "tuf"}).WithTag(tag); (err == nil) != ok {
			t.Errorf("tag %q: %v", tag, err)
		}
	}
}
