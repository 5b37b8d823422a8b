package registrytest

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Faults is a proxy before a registry on which little can be relied: some
// requests are refused for now, some are cut off before or after they were
// done, some are answered by half.
type Faults struct {
	Host string

	t         testing.TB
	through   http.Handler
	elsewhere string // the URL of a host that may be sent no credential

	mu       sync.Mutex
	random   *rand.Rand
	rate     float64
	injected map[string]int
	leaked   int
}

// StartFaults puts faults before the registry at host, one in so many requests
// as rate says. The seed decides which.
func StartFaults(t testing.TB, host string, seed uint64, rate float64) *Faults {
	t.Helper()
	f := &Faults{t: t, through: proxy(host, "http"), random: rand.New(rand.NewPCG(seed, seed)), rate: rate, injected: map[string]int{}}
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			f.mu.Lock()
			f.leaked++
			f.mu.Unlock()
		}
		f.through.ServeHTTP(w, r)
	}))
	t.Cleanup(elsewhere.Close)
	f.elsewhere = elsewhere.URL
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	f.Host = s.Listener.Addr().String()
	return f
}

// Injected counts the faults, by kind.
func (f *Faults) Injected() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := map[string]int{}
	for kind, n := range f.injected {
		list[kind] = n
	}
	return list
}

// Leaked counts the credentials that came to another host.
func (f *Faults) Leaked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leaked
}

// The kinds of faults.
const (
	tooMany   = "429, in seconds"
	tooManyAt = "429, at a date"
	broken    = "503"
	unread    = "cut off before it was done"
	unsaid    = "done, and the answer lost"
	halfSaid  = "half of the answer"
	outOf     = "416 to an upload"
	moved     = "a blob on another host"
)

// ServeHTTP asks for the credential, as every fault has to come after that.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if user, secret, _ := r.BasicAuth(); user != User || secret != Secret {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	switch kind := f.next(r); kind {
	case tooMany:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
	case tooManyAt:
		w.Header().Set("Retry-After", time.Now().UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusTooManyRequests)
	case broken:
		w.WriteHeader(http.StatusServiceUnavailable)
	case outOf:
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
	case unread:
		HangUp(f.t, w)
	case unsaid:
		f.through.ServeHTTP(httptest.NewRecorder(), r)
		HangUp(f.t, w)
	case halfSaid:
		answer := httptest.NewRecorder()
		f.through.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler) // which is how a server breaks an answer off
	case moved:
		http.Redirect(w, r, f.elsewhere+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	default:
		f.through.ServeHTTP(w, r)
	}
}

// next chooses a fault that can befall the request; "": none.
func (f *Faults) next(r *http.Request) string {
	kinds := []string{tooMany, tooManyAt, broken, unread, unsaid}
	_, byDigest := digestOf(r.URL.Path)
	switch {
	case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") && byDigest:
		kinds = append(kinds, halfSaid, moved)
	case r.Method == http.MethodGet:
		kinds = append(kinds, halfSaid)
	case r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/blobs/uploads/"):
		kinds = append(kinds, outOf)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.random.Float64() >= f.rate {
		return ""
	}
	kind := kinds[f.random.IntN(len(kinds))]
	f.injected[kind]++
	return kind
}
