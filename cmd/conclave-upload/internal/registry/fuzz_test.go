package registry

import (
	"net/url"
	"testing"
)

// FuzzFollowing: whatever a Link says, the next page is on the registry's host.
func FuzzFollowing(f *testing.F) {
	for _, link := range []string{`</v2/org/tuf/tags/list?last=b>; rel="next"`, `<http://elsewhere/>; rel=next`, `<//elsewhere>; rel="next"`, "<", ">;rel=next", ""} {
		f.Add(link)
	}
	r := &Repository{scheme: "http", host: "registry.example"}
	page := &url.URL{Scheme: "http", Host: "registry.example", Path: "/v2/org/tuf/tags/list"}
	f.Fuzz(func(t *testing.T, link string) {
		u, err := r.following(page, link)
		if err == nil && (u.Host != r.host || u.Scheme != r.scheme) {
			t.Errorf("%q leads to %s", link, u)
		}
	})
}
