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
	Itself  string           // the host of the registry behind all that stands before it
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
	t.Helper()
	for name, start := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start(t, asItIs))
		})
	}
}

// EveryFault runs a test against each kind of registry, behind faults of each
// kind. No time passes between the attempts of its clients.
func EveryFault(t *testing.T, test func(t *testing.T, s Served, f *Faults, waits *Waits)) {
	t.Helper()
	for name, start := range kinds() {
		for kind, faults := range kindsOfFaults() {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				var f *Faults
				var waits Waits
				s := start(t, func(through http.Handler) http.Handler {
					f = eachOnce(t, through, faults)
					return f
				})
				s.Options.Wait = waits.Wait
				test(t, s, f, &waits)
			})
		}
	}
}

// kinds are the registries: each with something before what it answers.
func kinds() map[string]func(testing.TB, between) Served {
	behind := func(start func(testing.TB) string) func(testing.TB, between) Served {
		return func(t testing.TB, b between) Served {
			t.Helper()
			host := start(t)
			return Served{Through(t, host, b), registry.Options{PlainHTTP: true}, host}
		}
	}
	inProcess := func(t testing.TB) string { return Embedded(t).Host() }
	return map[string]func(testing.TB, between) Served{
		"distribution 3":        behind(inProcess),
		"docker-registry":       behind(Debian),
		"with referrers":        behind(func(t testing.TB) string { return Modern(t, inProcess(t)) }),
		"older, with referrers": behind(func(t testing.TB) string { return Modern(t, Debian(t)) }),
		"token and TLS":         func(t testing.TB, b between) Served { return secure(t, inProcess(t), b) },
	}
}

// between puts something before a registry.
type between func(next http.Handler) http.Handler

func asItIs(next http.Handler) http.Handler { return next }

// serve returns the host at which h answers.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// Before puts h before the registry at host: what h does not answer itself, by
// returning false, goes through. It returns the host of both.
func Before(t testing.TB, host string, h func(w http.ResponseWriter, r *http.Request) bool) string {
	t.Helper()
	return Through(t, host, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !h(w, r) {
				next.ServeHTTP(w, r)
			}
		})
	})
}

// Through has every request to the registry at host go through what around
// makes. It returns the host of both.
func Through(t testing.TB, host string, around func(next http.Handler) http.Handler) string {
	t.Helper()
	return serve(t, around(proxy(host, "http")))
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

// HangUp ends a request without an answer: its connection or, in HTTP/2, its
// stream.
func HangUp(t testing.TB, w http.ResponseWriter) {
	t.Helper()
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	c, _, err := h.Hijack()
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
