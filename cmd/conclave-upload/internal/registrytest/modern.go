package registrytest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Modern gives the registry at host what newer ones have: the referrers API
// (OCI distribution specification 1.1, "Listing Referrers"), uploads in one
// request, and conditional writes of tags. It returns the host of both.
func Modern(t testing.TB, host string) string {
	t.Helper()
	m := &modern{through: proxy(host, "http"), referrers: map[string][]ocispec.Descriptor{}}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

type modern struct {
	through   http.Handler
	tags      sync.Mutex // held while a condition is checked and its write done
	mu        sync.Mutex
	referrers map[string][]ocispec.Descriptor // by repository and subject
}

func (m *modern) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/"):
		m.putManifest(w, r)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/blobs/uploads/") && r.URL.Query().Has("digest"):
		m.upload(w, r)
	case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/referrers/"):
		m.list(w, r)
	default:
		m.through.ServeHTTP(w, r)
	}
}

// ask asks the registry itself, in the name of r.
func (m *modern) ask(r *http.Request, method, target string, body []byte) *httptest.ResponseRecorder {
	q := r.Clone(r.Context())
	q.Method = method
	q.Header.Set("Accept", ocispec.MediaTypeImageManifest+", "+ocispec.MediaTypeImageIndex)
	q.Body = io.NopCloser(bytes.NewReader(body))
	q.ContentLength = int64(len(body))
	u, err := r.URL.Parse(target)
	if err == nil {
		q.URL.Path, q.URL.RawQuery = u.Path, u.RawQuery
	}
	answer := httptest.NewRecorder()
	m.through.ServeHTTP(answer, q)
	return answer
}

func pass(w http.ResponseWriter, answer *httptest.ResponseRecorder) {
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (m *modern) putManifest(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	m.tags.Lock()
	defer m.tags.Unlock()
	now := m.ask(r, http.MethodHead, r.URL.Path, nil)
	is := `"` + now.Header().Get("Docker-Content-Digest") + `"`
	if want := r.Header.Get("If-Match"); want != "" && (now.Code != http.StatusOK || want != is) ||
		r.Header.Get("If-None-Match") == "*" && now.Code == http.StatusOK {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	answer := m.ask(r, http.MethodPut, r.URL.Path, raw)
	var manifest ocispec.Manifest
	if answer.Code == http.StatusCreated && json.Unmarshal(raw, &manifest) == nil && manifest.Subject != nil {
		w.Header().Set("OCI-Subject", string(manifest.Subject.Digest))
		repository, _, _ := strings.Cut(r.URL.Path, "/manifests/")
		m.add(repository+"/referrers/"+string(manifest.Subject.Digest), ocispec.Descriptor{
			MediaType: manifest.MediaType, ArtifactType: manifest.ArtifactType, Annotations: manifest.Annotations,
			Digest: digest.Digest(metadata.Sum(raw).OCI()), Size: int64(len(raw)),
		})
	}
	pass(w, answer)
}

func (m *modern) add(list string, d ocispec.Descriptor) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, there := range m.referrers[list] {
		if there.Digest == d.Digest {
			return
		}
	}
	m.referrers[list] = append(m.referrers[list], d)
}

func (m *modern) list(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w.Header().Set("Content-Type", ocispec.MediaTypeImageIndex)
	_ = json.NewEncoder(w).Encode(ocispec.Index{
		Versioned: specs.Versioned{SchemaVersion: 2},
		MediaType: ocispec.MediaTypeImageIndex,
		Manifests: append([]ocispec.Descriptor{}, m.referrers[r.URL.Path]...),
	})
}

// upload takes a blob in one request, or finds it.
func (m *modern) upload(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	blob := strings.TrimSuffix(r.URL.Path, "uploads/") + r.URL.Query().Get("digest")
	if m.ask(r, http.MethodHead, blob, nil).Code != http.StatusOK {
		opened := m.ask(r, http.MethodPost, r.URL.Path, nil)
		location, err := r.URL.Parse(opened.Header().Get("Location"))
		if err != nil || opened.Code != http.StatusAccepted {
			pass(w, opened)
			return
		}
		query := location.Query()
		query.Set("digest", r.URL.Query().Get("digest"))
		location.RawQuery = query.Encode()
		if put := m.ask(r, http.MethodPut, location.String(), raw); put.Code != http.StatusCreated {
			pass(w, put)
			return
		}
	}
	w.Header().Set("Location", blob)
	w.WriteHeader(http.StatusCreated)
}
