package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// TestForeignRealm: a token realm on another host is sent no credential, in no
// form, unless it was named.
func TestForeignRealm(t *testing.T) {
	const secret = "canary"
	var asked atomic.Int64
	realm := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = w.Write([]byte(`{"token":"x","access_token":"x"}`))
	}))
	t.Cleanup(realm.Close)
	for name, credential := range map[string]auth.Credential{
		"a password":      {Username: "user", Password: secret},
		"a refresh token": {RefreshToken: secret},
	} {
		for _, named := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, named %v", name, named), func(t *testing.T) {
				asked.Store(0)
				o := registry.Options{Credentials: func(context.Context, string) (auth.Credential, error) { return credential, nil }}
				if named {
					o.AuthHosts = []string{realm.Listener.Addr().String()}
				}
				r := serve(t, func(w http.ResponseWriter, q *http.Request) {
					if q.Header.Get("Authorization") != "Bearer x" {
						w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="test"`, realm.URL))
						w.WriteHeader(http.StatusUnauthorized)
						return
					}
					_, _ = w.Write([]byte("{}"))
				}, o)
				_, err := r.Manifest(t.Context(), "tag", 100)
				var refused *registry.CredentialError
				if named != (err == nil) || named != (asked.Load() == 1) || (!named && !errors.As(err, &refused)) {
					t.Errorf("it was asked %d times: %v", asked.Load(), err)
				}
			})
		}
	}
}

// TestForeignPages: a list that goes on elsewhere takes no credential there.
func TestForeignPages(t *testing.T) {
	var asked atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	t.Cleanup(elsewhere.Close)
	r := serve(t, func(w http.ResponseWriter, q *http.Request) {
		if _, _, ok := q.BasicAuth(); !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Link", fmt.Sprintf(`<%s/v2/org/tuf/tags/list>; rel="next"`, elsewhere.URL))
		_, _ = w.Write([]byte(`{"tags":["a"]}`))
	}, registry.Options{Credentials: func(context.Context, string) (auth.Credential, error) {
		return auth.Credential{Username: "user", Password: "canary"}, nil
	}})
	if _, err := r.Tags(t.Context(), ""); err == nil || asked.Load() != 0 {
		t.Errorf("it was asked %d times: %v", asked.Load(), err)
	}
}

// TestUnknownAuthority: a registry whose certificate nobody vouches for is told
// nothing.
func TestUnknownAuthority(t *testing.T) {
	s := registrytest.Secure(t, registrytest.Embedded(t).Host())
	s.Options.Transport = nil
	var failed *registry.Error
	if _, err := s.Open(t, nil).Stat(t.Context(), "tag"); !errors.As(err, &failed) || errors.Is(err, registry.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := registry.NewTransport([]byte("no certificate")); err == nil {
		t.Error("nonsense was taken as an authority")
	}
}
