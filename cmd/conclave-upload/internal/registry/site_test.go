package registry

import "testing"

func TestSameSite(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"auth.example.org", "registry.example.org"}:          true,
		{"auth.example.org:8443", "example.org"}:              true,
		{"AUTH.example.org", "registry.example.org:443"}:      true,
		{"auth.example.com", "registry.example.org"}:          false,
		{"one.co.uk", "two.co.uk"}:                            false,
		{"one.github.io", "two.github.io"}:                    false,
		{"127.0.0.1:5000", "127.0.0.1:5001"}:                  false,
		{"org", "org"}:                                        false,
		{"registry.example.org.evil", "registry.example.org"}: false,
	} {
		if got := sameSite(pair[0], pair[1]); got != want {
			t.Errorf("%v: %v", pair, got)
		}
	}
}
