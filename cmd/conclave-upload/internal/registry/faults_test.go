package registry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
)

// TestSlowLoris: a registry that lets its answer drip is not waited for longer
// than the operation may take.
func TestSlowLoris(t *testing.T) {
	r := serve(t, func(w http.ResponseWriter, q *http.Request) {
		_, _ = w.Write([]byte("{"))
		w.(http.Flusher).Flush()
		<-q.Context().Done()
	}, registry.Options{Timeout: 50 * time.Millisecond})
	for name, ask := range map[string]func() error{
		"manifest": func() error { _, err := r.Manifest(t.Context(), "tag", 1<<20); return err },
		"blob":     func() error { _, err := r.Blob(t.Context(), metadata.Sum([]byte("{}")), 2); return err },
		"tags":     func() error { _, err := r.Tags(t.Context(), ""); return err },
	} {
		var failed *registry.Error
		if err := ask(); !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStream: a blob that is read as it comes arrives whole where its answer
// breaks off again and again, and not at all where it drips.
func TestStream(t *testing.T) {
	content := bytes.Repeat([]byte("content"), 10_000)
	var asked atomic.Int64
	var waits registrytest.Waits
	r := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		if n := int(asked.Add(1)); n < 5 {
			_, _ = w.Write(content[:n*len(content)/5])
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(content)
	}, registry.Options{Wait: waits.Wait})
	body, err := r.OpenBlob(t.Context(), metadata.Sum(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, content) || asked.Load() != 5 || len(waits.List()) != 4 {
		t.Errorf("%d bytes after %d requests and the waits %v: %v", len(got), asked.Load(), waits.List(), err)
	}

	drips := serve(t, func(w http.ResponseWriter, q *http.Request) {
		_, _ = w.Write(content[:1])
		w.(http.Flusher).Flush()
		<-q.Context().Done()
	}, registry.Options{Timeout: 50 * time.Millisecond})
	if body, err = drips.OpenBlob(t.Context(), metadata.Sum(content), 2); err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	var failed *registry.Error
	if _, err := io.ReadAll(body); !errors.As(err, &failed) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it drips: %v", err)
	}
}

// TestNeverWell: a registry that does not recover is given up on, after five
// repetitions with longer and longer waits, or at once where it asks for more
// time than anybody has.
func TestNeverWell(t *testing.T) {
	cut := func(w http.ResponseWriter) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
		panic(http.ErrAbortHandler)
	}
	status := func(code int, retryAfter string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			if retryAfter != "" {
				w.Header().Set("Retry-After", retryAfter)
			}
			w.WriteHeader(code)
		}
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		asked  int64
	}{
		"overloaded":            {status(503, ""), 6},
		"broken":                {status(500, ""), 6},
		"hung up":               {func(w http.ResponseWriter) { registrytest.HangUp(t, w) }, 6},
		"cut off":               {cut, 6},
		"always too many":       {status(429, "1"), 6},
		"too many for an hour":  {status(429, "3600"), 1},
		"not made for it":       {status(501, ""), 1},
		"a redirect to nowhere": {status(307, ""), 1},
		"a redirect, in a circle": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "/v2/org/tuf/manifests/tag")
			w.WriteHeader(307)
		}, 10},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			var waits registrytest.Waits
			r := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				c.answer(w)
			}, registry.Options{Wait: waits.Wait})
			_, err := r.Manifest(t.Context(), "tag", 1<<20)
			var failed *registry.Error
			if !errors.As(err, &failed) || errors.Is(err, registry.ErrNotFound) || asked.Load() != c.asked {
				t.Errorf("asked %d times: %v", asked.Load(), err)
			}
			if list := waits.List(); !slices.IsSorted(list) {
				t.Errorf("it waited %v", list)
			}
		})
	}
}

// TestSpread: those who failed together do not come back together.
func TestSpread(t *testing.T) {
	var waits registrytest.Waits
	r := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, registry.Options{Wait: waits.Wait})
	for range 4 {
		_, _ = r.Manifest(t.Context(), "tag", 1<<20) // which fails
	}
	list := waits.List()
	slices.Sort(list)
	if n := len(slices.Compact(list)); len(list) != 20 || n < 15 {
		t.Errorf("%d waits, of which %d differ", len(list), n)
	}
}
