package registrytest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// User and Secret are what Secure lets in.
const (
	User   = "uploader"
	Secret = "canary-of-a-registry"
)

// Secure puts TLS, HTTP/2 and token authentication (the distribution project's "Token
// Authentication Specification") before the registry at host.
func Secure(t testing.TB, host string) Served {
	t.Helper()
	return secure(t, host, asItIs)
}

func secure(t testing.TB, host string, b between) Served {
	t.Helper()
	s, authorities := secureHost(t, host, b)
	transport, err := registry.NewTransport(authorities)
	if err != nil {
		t.Fatal(err)
	}
	return Served{s, registry.Options{
		Transport: transport,
		Credentials: func(_ context.Context, asked string) (auth.Credential, error) {
			if asked != s {
				t.Errorf("the credential of %s was asked for", asked)
			}
			return auth.Credential{Username: User, Password: Secret}, nil
		},
	}, host}
}

// SecureHost is Secure for a program: its host, and the certificate in PEM that
// has to be believed.
func SecureHost(t testing.TB, host string) (name string, authorities []byte) {
	t.Helper()
	return secureHost(t, host, asItIs)
}

func secureHost(t testing.TB, host string, b between) (name string, authorities []byte) {
	t.Helper()
	g := &gate{through: b(proxy(host, "https")), tokens: map[string]string{}}
	s := httptest.NewUnstartedServer(g)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.EnableHTTP2 = true // as registries on the Internet speak it
	s.StartTLS()
	t.Cleanup(s.Close)
	g.realm = s.URL + "/token"
	return s.Listener.Addr().String(), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
}

type gate struct {
	through http.Handler
	realm   string

	mu     sync.Mutex
	tokens map[string]string // scope by token
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		g.grant(w, r)
		return
	}
	action := "pull"
	switch r.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		action = "push"
	case http.MethodDelete:
		action = "delete"
	}
	repository, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/manifests/")
	repository, _, _ = strings.Cut(repository, "/blobs/")
	repository, _, _ = strings.Cut(repository, "/tags/")
	if !g.allows(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), repository, action) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="test",scope="repository:%s:pull,%s"`, g.realm, repository, action))
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	g.through.ServeHTTP(w, r)
}

func (g *gate) grant(w http.ResponseWriter, r *http.Request) {
	if user, secret, ok := r.BasicAuth(); !ok || user != User || secret != Secret {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	token := rand.Text()
	g.mu.Lock()
	g.tokens[token] = strings.Join(r.URL.Query()["scope"], " ")
	g.mu.Unlock()
	_ = json.NewEncoder(w).Encode(map[string]string{"token": token})
}

func (g *gate) allows(token, repository, action string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for scope := range strings.FieldsSeq(g.tokens[token]) {
		actions, ok := strings.CutPrefix(scope, "repository:"+repository+":")
		if ok && strings.Contains(","+actions+",", ","+action+",") {
			return true
		}
	}
	return false
}
