package registry

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// CredentialError: an answer of the registry would have sent a credential to
// another host. Nothing was sent there.
type CredentialError struct{ Registry, Host string }

func (e *CredentialError) Error() string {
	return fmt.Sprintf("the registry %s asks for a credential to be sent to %s, which is another host: nothing was sent there", e.Registry, e.Host)
}

// guard is the last thing that a request passes. Whatever a redirect, a token
// realm, an upload's Location or a Link has led to: a credential leaves for the
// registry's own host, for a host of the same site (auth.example.org beside
// registry.example.org, over TLS), and for those that were named, and for no
// other.
type guard struct {
	next  http.RoundTripper
	host  string   // of the registry
	named []string // host:port
}

func (g guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if carriesCredential(req) && !g.trusts(req.URL) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &CredentialError{g.host, req.URL.Host}
	}
	return g.next.RoundTrip(req)
}

// carriesCredential: in a header, or in the form of an OAuth2 token request.
func carriesCredential(req *http.Request) bool {
	return req.Header.Get("Authorization") != "" || req.Header.Get("Cookie") != "" ||
		strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

func (g guard) trusts(u *url.URL) bool {
	return u.Host == g.host || slices.Contains(g.named, u.Host) || (u.Scheme == "https" && sameSite(u.Host, g.host))
}

// sameSite says whether one owner registered the names of both hosts.
func sameSite(a, b string) bool {
	site := func(host string) string {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if net.ParseIP(host) != nil {
			return ""
		}
		registered, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
		if err != nil {
			return ""
		}
		return registered
	}
	return site(a) != "" && site(a) == site(b)
}
