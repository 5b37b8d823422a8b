package registry

import (
	"fmt"
	"net"
	"strings"

	orasregistry "oras.land/oras-go/v2/registry"
)

// Reference names a repository and, optionally, a tag in it.
type Reference struct {
	Host       string // host or host:port
	Repository string
	Tag        string // "" where none was given
}

// ParseReference reads HOST[:PORT]/REPOSITORY[:TAG]. A digest is refused: what
// a digest names does not move, and this program publishes what does.
func ParseReference(s string) (Reference, error) {
	if strings.Contains(s, "://") {
		return Reference{}, fmt.Errorf("%q: write it without a scheme: HOST[:PORT]/REPOSITORY[:TAG]", s)
	}
	ref, err := orasregistry.ParseReference(s)
	if err != nil {
		return Reference{}, fmt.Errorf("%q is no HOST[:PORT]/REPOSITORY[:TAG]: %w", s, err)
	}
	switch {
	case strings.Contains(s, "@"):
		return Reference{}, fmt.Errorf("%q names a digest: give the tag or nothing", s)
	case strings.HasSuffix(s, ":"):
		return Reference{}, fmt.Errorf("%q ends where its tag should stand", s)
	}
	return Reference{Host: ref.Registry, Repository: ref.Repository, Tag: ref.Reference}, nil
}

// WithTag is the reference with that tag, if it can be one: at most 128
// characters of letters, digits, "_", "." and "-" (OCI distribution
// specification 1.1, "Pulling manifests").
func (r Reference) WithTag(tag string) (Reference, error) {
	ref := orasregistry.Reference{Registry: r.Host, Repository: r.Repository, Reference: tag}
	if err := ref.ValidateReferenceAsTag(); err != nil {
		return Reference{}, fmt.Errorf("%q can't be a tag: %w", tag, err)
	}
	r.Tag = tag
	return r, nil
}

func (r Reference) String() string {
	s := r.Host + "/" + r.Repository
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	return s
}

// Loopback says whether the registry is on this machine. Such a registry is
// spoken to without TLS.
func (r Reference) Loopback() bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
