package registrytest

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault is something that befalls a request on its way, after which a client
// that may repeat it gets its answer.
type Fault string

// The faults.
const (
	TooMany   Fault = "429, in seconds"
	TooManyAt Fault = "429, at a date"
	Broken    Fault = "503"
	BadGate   Fault = "502 with a page for people"
	Unread    Fault = "cut off before it was done"
	Unsaid    Fault = "done, and the answer lost"
	HalfSaid  Fault = "half of the answer"
	OutOf     Fault = "416 to an upload"
	Moved     Fault = "a blob on another host"
)

// kindsOfFaults are the faults that befall one request one after the other: so
// many that a client that repeats it five times gets through.
func kindsOfFaults() map[string][]Fault {
	return map[string][]Fault{
		"refused for now": {TooMany, Broken, TooManyAt, BadGate},
		"cut off":         {Unread, Unsaid, HalfSaid},
		"led astray":      {OutOf, Moved},
	}
}

// befalls says whether the fault is one of such requests.
func (f Fault) befalls(r *http.Request) bool {
	switch f {
	case HalfSaid:
		return r.Method == http.MethodGet
	case OutOf:
		return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/blobs/uploads/")
	case Moved:
		_, byDigest := digestOf(r.URL.Path)
		return r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/blobs/") && byDigest
	}
	return true
}

// Faults lie before a registry on which little can be relied: some requests are
// refused for now, some are cut off before or after they were done, some are
// answered by half.
type Faults struct {
	Host string // where they listen; "" where they stand behind something else

	t          testing.TB
	through    http.Handler
	elsewhere  string // the URL of a host that may be sent no credential
	retryAfter time.Duration

	mu       sync.Mutex
	choose   func(r *http.Request) Fault // "": none
	injected map[Fault]int
	leaked   int
}

// StartFaults puts faults before the registry at host, one in so many requests
// as rate says. The seed decides which. They ask for the credential, as every
// fault has to come after that.
func StartFaults(t testing.TB, host string, seed uint64, rate float64) *Faults {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, seed))
	var all []Fault
	for _, name := range slices.Sorted(maps.Keys(kindsOfFaults())) {
		all = append(all, kindsOfFaults()[name]...)
	}
	f := newFaults(t, proxy(host, "http"), func(r *http.Request) Fault {
		if random.Float64() >= rate {
			return ""
		}
		kinds := befalling(r, all)
		return kinds[random.IntN(len(kinds))]
	})
	f.Host = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, secret, _ := r.BasicAuth(); user != User || secret != Secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		f.ServeHTTP(w, r)
	}))
	return f
}

// eachOnce has each kind befall each request that it can, before through: one
// after the other, as the request is repeated, and then no more.
func eachOnce(t testing.TB, through http.Handler, kinds []Fault) *Faults {
	t.Helper()
	left := map[string][]Fault{}
	f := newFaults(t, through, func(r *http.Request) Fault {
		what := request(r)
		list, known := left[what]
		if !known {
			list = befalling(r, kinds)
		}
		if left[what] = list; len(list) == 0 {
			return ""
		}
		left[what] = list[1:]
		return list[0]
	})
	f.retryAfter = AskedFor
	return f
}

// befalling are those of the faults that can befall r.
func befalling(r *http.Request, kinds []Fault) []Fault {
	return slices.DeleteFunc(slices.Clone(kinds), func(f Fault) bool { return !f.befalls(r) })
}

// request names what is asked for. Each upload has a path of its own, so it is
// named by the blob.
func request(r *http.Request) string {
	path, query := r.URL.Path, r.URL.Query()
	if before, _, is := strings.Cut(path, "/blobs/uploads/"); is {
		path = before + "/blobs/" + query.Get("mount") + query.Get("digest")
	}
	return r.Method + " " + path + "?" + query.Get("last")
}

// AskedFor is for how long a registry with one kind of faults asks its clients
// to wait. One that draws faults by chance asks for no time.
const AskedFor = 10 * time.Second

func newFaults(t testing.TB, through http.Handler, choose func(*http.Request) Fault) *Faults {
	t.Helper()
	f := &Faults{t: t, through: through, choose: choose, injected: map[Fault]int{}}
	f.elsewhere = "http://" + serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			f.mu.Lock()
			f.leaked++
			f.mu.Unlock()
		}
		f.through.ServeHTTP(w, r)
	}))
	return f
}

// Injected counts the faults, by kind.
func (f *Faults) Injected() map[Fault]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.injected)
}

// Leaked counts the credentials that came to another host.
func (f *Faults) Leaked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.leaked
}

func (f *Faults) next(r *http.Request) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind := f.choose(r)
	if kind != "" {
		f.injected[kind]++
	}
	return kind
}

func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch f.next(r) {
	case TooMany:
		w.Header().Set("Retry-After", strconv.Itoa(int(f.retryAfter.Seconds())))
		w.WriteHeader(http.StatusTooManyRequests)
	case TooManyAt:
		now := time.Now().UTC()
		w.Header().Set("Date", now.Format(http.TimeFormat))
		w.Header().Set("Retry-After", now.Add(f.retryAfter).Format(http.TimeFormat))
		w.WriteHeader(http.StatusTooManyRequests)
	case Broken:
		w.WriteHeader(http.StatusServiceUnavailable)
	case BadGate:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><h1>Bad gateway</h1></html>"))
	case OutOf:
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
	case Unread:
		HangUp(f.t, w)
	case Unsaid:
		f.through.ServeHTTP(httptest.NewRecorder(), r)
		HangUp(f.t, w)
	case HalfSaid:
		answer := httptest.NewRecorder()
		f.through.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler) // which is how a server breaks an answer off
	case Moved:
		http.Redirect(w, r, f.elsewhere+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	default:
		f.through.ServeHTTP(w, r)
	}
}
