package registrytest

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// Served is a registry as its clients reach it.
type Served struct {
	Host    string
	Options registry.Options // what it takes to be let in
}

// Open opens a repository of the registry. seen is told of each request; it
// may be nil.
func (s Served) Open(t testing.TB, seen func(registry.Request)) *registry.Repository {
	t.Helper()
	o := s.Options
	o.OnRequest = seen
	ref, err := registry.ParseReference(s.Host + "/org/tuf")
	if err != nil {
		t.Fatal(err)
	}
	r, err := registry.Open(ref, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every runs a test against each kind of registry.
func Every(t *testing.T, test func(t *testing.T, s Served)) {
	for name, start := range map[string]func(testing.TB) Served{
		"distribution 3":  func(t testing.TB) Served { return plain(Embedded(t).Host()) },
		"docker-registry": func(t testing.TB) Served { return plain(Debian(t)) },
		"with referrers":  func(t testing.TB) Served { return plain(Modern(t, Embedded(t).Host())) },
		"older, with referrers": func(t testing.TB) Served {
			return plain(Modern(t, Debian(t)))
		},
		"token and TLS": func(t testing.TB) Served { return Secure(t, Embedded(t).Host()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t))
		})
	}
}

func plain(host string) Served { return Served{host, registry.Options{PlainHTTP: true}} }

// Before puts h before the registry at host: what h does not answer itself, by
// returning false, goes through. It returns the host of both.
func Before(t testing.TB, host string, h func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	through := proxy(host, "http")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !h(w, r) {
			through.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// proxy passes requests on. The registry says where uploads go by the name and
// the scheme that it was called by.
func proxy(host, scheme string) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: host})
		r.Out.Host = r.In.Host
		r.Out.Header.Set("X-Forwarded-Proto", scheme)
		r.Out.Header.Del("Authorization")
	}}
}

// HangUp closes the connection of a request without an answer.
func HangUp(t testing.TB, w http.ResponseWriter) {
	t.Helper()
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	c.Close()
}

// digestOf is the digest that the path of a request ends with, if it does.
func digestOf(path string) (metadata.Digest, bool) {
	if len(path) < 71 {
		return metadata.Digest{}, false
	}
	d, err := metadata.ParseDigest(path[len(path)-71:])
	return d, err == nil
}
