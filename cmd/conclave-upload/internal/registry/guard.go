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
// registry's own host, over TLS for a host that answers for it by its name, and
// for those that were named, and for no other.
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
	return u.Host == g.host || slices.Contains(g.named, u.Host) || (u.Scheme == "https" && answersFor(u.Host, g.host))
}

// answersFor says whether who has a host has the registry's too: they are one but
// for the port, or the registry's name is below the host's, as
// registry.example.org is below example.org, whose owner gave it that name. Names
// beside it are anybody's (one provider's customers are neighbours), and so are
// names below it. Only the registry that everybody uses without naming it is known.
func answersFor(host, registry string) bool {
	host, registry = hostname(host), hostname(registry)
	switch {
	case host == "":
		return false
	case host == registry, host == "auth.docker.io" && registry == "registry-1.docker.io":
		return true
	}
	suffix, _ := publicsuffix.PublicSuffix(host)
	return suffix != host && net.ParseIP(registry) == nil && strings.HasSuffix(registry, "."+host)
}

// hostname is the name in host or host:port, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
