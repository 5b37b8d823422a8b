package registry

import "testing"

func TestAnswersFor(t *testing.T) {
	for pair, want := range map[[2]string]bool{
		{"example.org", "registry.example.org"}:               true,
		{"EXAMPLE.org:8443", "a.registry.example.org:443"}:    true,
		{"registry.example.org", "registry.example.org:5050"}: true,
		{"127.0.0.1:5001", "127.0.0.1:5000"}:                  true,
		{"gitlab.com", "registry.gitlab.com"}:                 true,
		{"auth.docker.io", "registry-1.docker.io"}:            true,
		{"auth.docker.io", "registry.example.org"}:            false,
		{"auth.example.org", "registry.example.org"}:          false,
		{"auth.registry.example.org", "registry.example.org"}: false,
		{"other.azurecr.io", "ours.azurecr.io"}:               false,
		{"other.jfrog.io", "ours.jfrog.io"}:                   false,
		{"two.github.io", "one.github.io"}:                    false,
		{"github.io", "one.github.io"}:                        false,
		{"two.co.uk", "one.co.uk"}:                            false,
		{"co.uk", "one.co.uk"}:                                false,
		{"org", "registry.example.org"}:                       false,
		{"", "registry.example.org"}:                          false,
		{"0.0.1", "127.0.0.1:5000"}:                           false,
		{"example.org", "badexample.org"}:                     false,
		{"registry.example.org.evil", "registry.example.org"}: false,
		{"registry.example.org", "registry.example.org.evil"}: false,
	} {
		if got := answersFor(pair[0], pair[1]); got != want {
			t.Errorf("%v: %v", pair, got)
		}
	}
}
