package registrytest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Modern gives the registry at host what newer ones have: the referrers API
// (OCI distribution specification 1.1, "Listing Referrers"), lists of tags in
// pages ("Listing Tags"), uploads in one request, and conditional writes of
// tags. It returns the host of both.
//
// It knows of the tags and referrers that were put through it.
func Modern(t testing.TB, host string) string {
	t.Helper()
	return Through(t, host, func(next http.Handler) http.Handler {
		return &modern{through: next, tags: map[string]bool{}, referrers: map[string][]ocispec.Descriptor{}}
	})
}

type modern struct {
	through http.Handler
	writing sync.Mutex // held while a condition is checked and its write done

	mu        sync.Mutex
	tags      map[string]bool                 // that were put, by their path
	referrers map[string][]ocispec.Descriptor // by the path of their list
}

func (m *modern) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	manifest := strings.Contains(r.URL.Path, "/manifests/")
	switch {
	case r.Method == http.MethodPut && manifest:
		m.putManifest(w, r)
	case r.Method == http.MethodDelete && manifest:
		m.deleteManifest(w, r)
	case r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/blobs/uploads/") && r.URL.Query().Has("digest"):
		m.upload(w, r)
	case r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/referrers/"):
		m.listReferrers(w, r)
	case r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/tags/list"):
		m.listTags(w, r)
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
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (m *modern) putManifest(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	m.writing.Lock()
	defer m.writing.Unlock()
	now := m.ask(r, http.MethodHead, r.URL.Path, nil)
	is := `"` + now.Header().Get("Docker-Content-Digest") + `"`
	if want := r.Header.Get("If-Match"); want != "" && (now.Code != http.StatusOK || want != is) ||
		r.Header.Get("If-None-Match") == "*" && now.Code == http.StatusOK {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	answer := m.ask(r, http.MethodPut, r.URL.Path, raw)
	if answer.Code == http.StatusCreated {
		if subject := m.stored(r.URL.Path, raw); subject != "" {
			w.Header().Set("OCI-Subject", subject)
		}
	}
	pass(w, answer)
}

func (m *modern) deleteManifest(w http.ResponseWriter, r *http.Request) {
	m.writing.Lock()
	defer m.writing.Unlock()
	answer := m.ask(r, http.MethodDelete, r.URL.Path, nil)
	if answer.Code == http.StatusAccepted {
		m.deleted(r.URL.Path)
	}
	pass(w, answer)
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
