package registry_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"oras.land/oras-go/v2/registry/remote/auth"
)

const manifestType = "application/vnd.oci.image.manifest.v1+json"

// serve starts a registry that h plays, and opens a repository of it.
func serve(t *testing.T, h http.HandlerFunc, o registry.Options) *registry.Repository {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return registrytest.Open(t, s.Listener.Addr().String(), o)
}

// before puts h before a real registry: what it does not answer itself, by
// returning false, goes through.
func before(t *testing.T, o registry.Options, h func(w http.ResponseWriter, r *http.Request) bool) *registry.Repository {
	t.Helper()
	return registrytest.Open(t, registrytest.Before(t, registrytest.Embedded(t).Host(), h), o)
}

func TestRoundTrip(t *testing.T) {
	registrytest.Every(t, func(t *testing.T, s registrytest.Served) {
		var requests atomic.Int64
		r := s.Open(t, func(registry.Request) { requests.Add(1) })
		config := []byte("{}")
		for i := range 2 {
			requests.Store(0)
			sent, err := r.PutBlob(t.Context(), config)
			if err != nil || (i == 0 && !sent) {
				t.Errorf("blob, time %d: sent %v, %v", i+1, sent, err)
			}
			if i == 1 && requests.Load() != 1 {
				t.Errorf("a blob that is there took %d requests", requests.Load())
			}
		}
		if got, err := r.Blob(t.Context(), metadata.Sum(config), 2); err != nil || !bytes.Equal(got, config) {
			t.Errorf("blob: %q, %v", got, err)
		}
		raw := []byte(`{"schemaVersion":2,"mediaType":"` + manifestType + `","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"` +
			metadata.Sum(config).OCI() + `","size":2},"layers":[]}`)
		if err := r.PutManifest(t.Context(), "tag", manifestType, raw); err != nil {
			t.Fatal(err)
		}
		requests.Store(0)
		for _, reference := range []string{"tag", metadata.Sum(raw).OCI()} {
			m, err := r.Manifest(t.Context(), reference, 1<<20)
			if err != nil || !bytes.Equal(m.Bytes, raw) || m.MediaType != manifestType {
				t.Errorf("manifest %s: %+v, %v", reference, m, err)
			}
			d, err := r.Stat(t.Context(), reference)
			if err != nil || d.Digest != metadata.Sum(raw) || d.Size != int64(len(raw)) {
				t.Errorf("stat %s: %+v, %v", reference, d, err)
			}
		}
		if n := requests.Load(); n != 4 {
			t.Errorf("two manifests and two questions took %d requests", n)
		}
		if _, err := r.Manifest(t.Context(), "nothing", 1<<20); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("a missing tag: %v", err)
		}
		if _, err := r.Blob(t.Context(), metadata.Sum([]byte("nothing")), 7); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("a missing blob: %v", err)
		}
		if tags, err := r.Tags(t.Context(), "ta"); err != nil || !slices.Equal(tags, []string{"tag"}) {
			t.Errorf("tags: %v, %v", tags, err)
		}
	})
}

// TestLies has registries that answer with something else than was asked for.
func TestLies(t *testing.T) {
	asked := metadata.Sum([]byte("true"))
	manifest := func(reference string) func(*registry.Repository) error {
		return func(r *registry.Repository) error {
			_, err := r.Manifest(context.Background(), reference, 100)
			return err
		}
	}
	blob := func(r *registry.Repository) error {
		_, err := r.Blob(context.Background(), asked, 5)
		return err
	}
	stat := func(r *registry.Repository) error {
		_, err := r.Stat(context.Background(), asked.OCI())
		return err
	}
	for name, c := range map[string]struct {
		header, body string
		ask          func(*registry.Repository) error
		as           any
	}{
		"another manifest than the digest":      {"", "false", manifest(asked.OCI()), new(*registry.DigestError)},
		"another manifest than its own header":  {asked.OCI(), "false", manifest("tag"), new(*registry.DigestError)},
		"another blob":                          {"", "false", blob, new(*registry.DigestError)},
		"another digest for a digest":           {metadata.Sum([]byte("false")).OCI(), "", stat, new(*registry.DigestError)},
		"a manifest that is too long":           {"", strings.Repeat("x", 101), manifest("tag"), new(*registry.Error)},
		"a blob that is too long":               {"", strings.Repeat("x", 101), blob, new(*registry.Error)},
		"a blob that is cut short":              {"", "tru", blob, new(*registry.DigestError)},
		"a tag without a digest, by a question": {"sha256:nonsense", "", func(r *registry.Repository) error { _, err := r.Stat(context.Background(), "tag"); return err }, new(*registry.Error)},
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.header != "" {
					w.Header().Set("Docker-Content-Digest", c.header)
				}
				_, _ = w.Write([]byte(c.body))
			}, registry.Options{})
			if err := c.ask(r); !errors.As(err, c.as) {
				t.Errorf("got %v, want %T", err, c.as)
			}
		})
	}
}

// TestRefused: the registry's own reasons are told.
func TestRefused(t *testing.T) {
	r := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"errors":[{"code":"DENIED","message":"quota exceeded"}]}`))
	}, registry.Options{})
	_, err := r.Manifest(t.Context(), "tag", 1<<20)
	var failed *registry.Error
	if !errors.As(err, &failed) || errors.Is(err, registry.ErrNotFound) || !strings.Contains(err.Error(), "denied: quota exceeded") {
		t.Errorf("got %v", err)
	}
}

func TestEndlessBody(t *testing.T) {
	r := serve(t, func(w http.ResponseWriter, q *http.Request) {
		for q.Context().Err() == nil {
			_, _ = w.Write(make([]byte, 1<<16))
		}
	}, registry.Options{})
	if _, err := r.Manifest(t.Context(), "tag", 1<<20); err == nil {
		t.Error("an endless manifest was taken")
	}
}

func TestSlowRegistry(t *testing.T) {
	r := serve(t, func(w http.ResponseWriter, q *http.Request) { <-q.Context().Done() }, registry.Options{Timeout: 50 * time.Millisecond})
	var failed *registry.Error
	if _, err := r.Manifest(t.Context(), "tag", 1<<20); !errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
}

// TestBrokenConnections cuts the first answer to each kind of request.
func TestBrokenConnections(t *testing.T) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
		t.Run(method, func(t *testing.T) {
			var cut atomic.Bool
			r := before(t, registry.Options{}, func(w http.ResponseWriter, q *http.Request) bool {
				if q.Method != method || !cut.CompareAndSwap(false, true) {
					return false
				}
				registrytest.HangUp(t, w)
				return true
			})
			content := []byte("content")
			if _, err := r.PutBlob(t.Context(), content); err != nil {
				t.Error(err)
			}
			if found, err := r.StatBlob(t.Context(), metadata.Sum(content)); err != nil || found.Size != int64(len(content)) {
				t.Errorf("%+v, %v", found, err)
			}
			if got, err := r.Blob(t.Context(), metadata.Sum(content), int64(len(content))); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%q, %v", got, err)
			}
			if !cut.Load() {
				t.Error("nothing was cut")
			}
		})
	}
}

// TestLostAnswer has an upload refused: after the blob was stored, as it is when
// the answer was lost and the session is over, and without.
func TestLostAnswer(t *testing.T) {
	for name, stored := range map[string]bool{"stored": true, "not stored": false} {
		t.Run(name, func(t *testing.T) {
			content := []byte("content")
			var there atomic.Bool
			r := serve(t, func(w http.ResponseWriter, q *http.Request) {
				switch {
				case q.Method == "HEAD" && there.Load():
					w.Header().Set("Content-Length", "7")
				case q.Method == "POST":
					w.Header().Set("Location", "/session")
					w.WriteHeader(http.StatusAccepted)
				case q.Method == "PUT":
					there.Store(stored)
					w.WriteHeader(http.StatusNotFound)
				default:
					w.WriteHeader(http.StatusNotFound)
				}
			}, registry.Options{})
			sent, err := r.PutBlob(t.Context(), content)
			var failed *registry.Error
			if stored != (err == nil) || sent != stored || (!stored && !errors.As(err, &failed)) {
				t.Errorf("sent %v, %v", sent, err)
			}
		})
	}
}

// TestCanary: a credential goes to the registry alone.
func TestCanary(t *testing.T) {
	const user, secret = "user", "canary"
	var elsewhereAsked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		elsewhereAsked.Add(1)
		if q.Header.Get("Authorization") != "" {
			t.Errorf("%s %s carried a credential to another host", q.Method, q.URL)
		}
		_, _ = w.Write([]byte("content"))
	}))
	t.Cleanup(elsewhere.Close)
	h := func(w http.ResponseWriter, q *http.Request) {
		switch name, password, ok := q.BasicAuth(); {
		case !ok:
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
		case name != user || password != secret:
			w.WriteHeader(http.StatusForbidden)
		case q.Method == "POST":
			w.Header().Set("Location", elsewhere.URL+"/upload")
			w.WriteHeader(http.StatusAccepted)
		case q.Method == "HEAD":
			w.WriteHeader(http.StatusNotFound)
		default:
			http.Redirect(w, q, elsewhere.URL+"/blob", http.StatusTemporaryRedirect)
		}
	}
	var host string
	r := serve(t, h, registry.Options{Credentials: func(_ context.Context, asked string) (auth.Credential, error) {
		if host == "" {
			host = asked
		}
		if asked != host {
			t.Errorf("the credential of %s was asked for", asked)
		}
		return auth.Credential{Username: user, Password: secret}, nil
	}})
	content := []byte("content")
	if _, err := r.Blob(t.Context(), metadata.Sum(content), int64(len(content))); err != nil {
		t.Errorf("a blob from another host: %v", err)
	}
	if elsewhereAsked.Load() == 0 {
		t.Error("the redirect was not followed")
	}
	if _, err := r.PutBlob(t.Context(), content); err == nil {
		t.Error("an upload was sent to another host")
	}
}
