package embedded

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/sirupsen/logrus"
)

// Request is one request that the registry answered.
type Request struct {
	Method string
	Path   string
	Status int // 0: not answered yet
}

func (r Request) String() string { return fmt.Sprintf("%s %s %d", r.Method, r.Path, r.Status) }

// Registry is a running registry. It is safe for concurrent use.
type Registry struct {
	server *http.Server
	app    *handlers.App
	host   string

	mu       sync.Mutex
	requests []*Request
}

// Start serves a registry on a free port of 127.0.0.1, without TLS or
// authentication. It keeps its content in dir, or in memory where dir is "".
// It runs until Close; ctx bounds its background work.
func Start(ctx context.Context, dir string) (*Registry, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a registry: %w", err)
	}
	// The registry logs through logrus's standard logger and takes no other.
	logrus.SetOutput(io.Discard)
	r := &Registry{host: listener.Addr().String(), app: handlers.NewApp(ctx, config(dir))}
	r.server = &http.Server{
		Handler:           http.HandlerFunc(r.serve),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	go func() { _ = r.server.Serve(listener) }() // ends with Close
	return r, nil
}

func config(dir string) *configuration.Configuration {
	c := &configuration.Configuration{Storage: configuration.Storage{
		"delete":      configuration.Parameters{"enabled": true},
		"maintenance": configuration.Parameters{"uploadpurging": map[any]any{"enabled": false}},
	}}
	if dir == "" {
		c.Storage["inmemory"] = configuration.Parameters{}
	} else {
		c.Storage["filesystem"] = configuration.Parameters{"rootdirectory": dir}
	}
	c.HTTP.Secret = rand.Text()
	return c
}

// Host is where the registry listens, as host:port.
func (r *Registry) Host() string { return r.host }

// Requests returns what was asked since the start or the last Forget. A client
// that has an answer finds its request here.
func (r *Registry) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Request, 0, len(r.requests))
	for _, q := range r.requests {
		list = append(list, *q)
	}
	return list
}

// Forget empties the list of requests.
func (r *Registry) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = nil
}

// Close stops the registry.
func (r *Registry) Close() error {
	return errors.Join(r.server.Close(), r.app.Shutdown())
}

func (r *Registry) serve(w http.ResponseWriter, req *http.Request) {
	q := &Request{Method: req.Method, Path: req.URL.Path}
	r.mu.Lock()
	r.requests = append(r.requests, q)
	r.mu.Unlock()
	r.app.ServeHTTP(&recorder{w, func(status int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		q.Status = status
	}}, req)
}

// recorder notes the status before the client can know it.
type recorder struct {
	http.ResponseWriter
	answered func(status int)
}

func (w *recorder) WriteHeader(status int) {
	w.note(status)
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	w.note(http.StatusOK) // where no header was written before
	return w.ResponseWriter.Write(b)
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) note(status int) {
	if w.answered != nil {
		w.answered(status)
		w.answered = nil
	}
}
