package publish_test

import (
	"crypto/sha256"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestLargeFile uploads a file of 300 MiB, and is told how far that has come.
// The program never holds more than a little of it.
func TestLargeFile(t *testing.T) {
	const length, limit = 300 << 20, 64 << 20
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "large"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(length); err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	sum := metadata.Digest(hash.Sum(nil))
	x := trusttest.New(t, "wabbit")
	x.Targets(func(targets *metadata.Targets) {
		targets.Targets["large"] = metadata.Target{Length: length, Hashes: map[string]string{"sha256": sum.String()}}
	})
	var received atomic.Int64
	host := registrytest.Before(t, registrytest.Embedded(t).Host(), func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method == http.MethodPut && r.URL.Query().Get("digest") == sum.OCI():
			n, _ := io.Copy(io.Discard, r.Body)
			received.Add(n)
			w.WriteHeader(http.StatusCreated)
		case r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, ".large"):
			w.WriteHeader(http.StatusCreated)
		default:
			return false
		}
		return true
	})
	before := heap()
	var most atomic.Uint64
	var told []publish.Amount
	p := x.Publisher(registrytest.Open(t, host, registry.Options{}), trusttest.Start)
	p.Files, p.Elsewhere = os.DirFS(dir), false
	p.Meter = func(a publish.Amount) {
		if told = append(told, a); len(told)%500 == 0 {
			most.Store(max(most.Load(), heap()))
		}
	}
	if _, err := p.Push(t.Context(), x.Offline()); err != nil {
		t.Fatal(err)
	}
	if received.Load() != length {
		t.Errorf("%d bytes arrived", received.Load())
	}
	if grown := int64(most.Load()) - int64(before); most.Load() == 0 || grown > limit {
		t.Errorf("%d MiB were held, and %d before", most.Load()>>20, before>>20)
	}
	last := told[len(told)-1]
	if last.Items != last.OfItems || last.Bytes != last.OfBytes || last.OfBytes < length {
		t.Errorf("the last that was told is %+v", last)
	}
	for i := 1; i < len(told); i++ {
		if told[i].Bytes < told[i-1].Bytes || told[i].Bytes > told[i].OfBytes || told[i].OfBytes < told[i-1].OfBytes {
			t.Fatalf("%+v follows %+v", told[i], told[i-1])
		}
	}
}

// heap is what is in use, after what is not was given back.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestFileChanges: a file that is written to while it is uploaded is refused.
func TestFileChanges(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.Vouch("file", []byte("content"), "")
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	p := x.Publisher(r, trusttest.Start)
	opened := 0
	p.Elsewhere, p.Files = false, fileSystem(func(string) (fs.File, error) {
		opened++
		content := "content"
		if opened > 1 {
			content = "Content"
		}
		return file{strings.NewReader(content)}, nil
	})
	_, err := p.Push(t.Context(), x.Offline())
	if err == nil || !strings.Contains(err.Error(), "changed while it was published") {
		t.Errorf("got %v", err)
	}
	if tags, err := r.Tags(t.Context(), ""); err != nil || len(tags) != 0 {
		t.Errorf("there are %v, %v", tags, err)
	}
}

type fileSystem func(name string) (fs.File, error)

func (f fileSystem) Open(name string) (fs.File, error) { return f(name) }

type file struct{ io.Reader }

func (file) Close() error               { return nil }
func (file) Stat() (fs.FileInfo, error) { return nil, fs.ErrInvalid }
