package registry

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
)

// Credentials finds what a registry, host:port, wants to be told. It is asked
// for no other host than the one it is then sent to.
type Credentials func(ctx context.Context, host string) (auth.Credential, error)

// DockerCredentials reads docker's configuration file and asks its helpers.
func DockerCredentials() (Credentials, error) {
	store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{})
	if err != nil {
		return nil, err
	}
	return Credentials(credentials.Credential(store)), nil
}

// Parallel is how many requests are under way at once.
const Parallel = 8

// NewTransport is net/http's own, with limits on what a registry can make us
// wait. It uses the proxy that the environment names, as curl does. Where
// authorities, certificates in PEM, is not empty, they are believed beside
// those of the system.
func NewTransport(authorities []byte) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = 30 * time.Second
	t.MaxIdleConnsPerHost = Parallel
	if len(authorities) == 0 {
		return t, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("the system's certificate authorities: %w", err)
	}
	if !pool.AppendCertsFromPEM(authorities) {
		return nil, fmt.Errorf("no certificate in PEM is among the given authorities")
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// Request is one request that was sent. It holds nothing that could be a
// secret: neither headers nor the query.
type Request struct {
	Method string
	Host   string
	Path   string
	Status int // 0: no answer came
	Took   time.Duration
}

type observer struct {
	next http.RoundTripper
	seen func(Request)
}

func observed(next http.RoundTripper, seen func(Request)) http.RoundTripper {
	if seen == nil {
		return next
	}
	return observer{next, seen}
}

func (o observer) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := o.next.RoundTrip(req)
	r := Request{Method: req.Method, Host: req.URL.Host, Path: req.URL.Path, Took: time.Since(began)}
	if err == nil {
		r.Status = resp.StatusCode
	}
	o.seen(r)
	return resp, err
}
