package registry

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"
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

// NewTransport is net/http's own, with limits on what a registry can make us wait.
func NewTransport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = 30 * time.Second
	t.MaxIdleConnsPerHost = 8
	return t
}

// Request is one request that was sent.
type Request struct {
	Method string
	Path   string
	Status int // 0: no answer came
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
	resp, err := o.next.RoundTrip(req)
	r := Request{Method: req.Method, Path: req.URL.Path}
	if err == nil {
		r.Status = resp.StatusCode
	}
	o.seen(r)
	return resp, err
}

func retrying(next http.RoundTripper) http.RoundTripper {
	return &retry.Transport{Base: next, Policy: func() retry.Policy { return policy{} }}
}

const (
	maxRetries    = 5
	firstWait     = 200 * time.Millisecond
	maxRetryAfter = time.Minute // a registry that asks for more is reported instead
)

// policy retries what may pass: an overloaded or restarting registry, a
// connection that broke. All requests that are sent here can be repeated: OCI
// uploads are named by their content, and an upload session that was opened
// twice is merely left to expire. A registry that can't be reached at all is
// not waited for.
type policy struct{}

func (policy) Retry(attempt int, resp *http.Response, err error) (time.Duration, error) {
	const no = -1
	if attempt >= maxRetries {
		return no, nil
	}
	if err != nil {
		if brokeOff(err) {
			return backoff(attempt), nil
		}
		return no, nil
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode == http.StatusServiceUnavailable:
		wait, asked := retryAfter(resp)
		if wait > maxRetryAfter {
			return no, nil
		}
		if asked {
			return wait, nil
		}
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented:
	default:
		return no, nil
	}
	return backoff(attempt), nil
}

func brokeOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// backoff doubles from attempt to attempt and spreads by a quarter, so that
// clients that failed together don't return together.
func backoff(attempt int) time.Duration {
	wait := firstWait << attempt
	return wait + time.Duration(rand.Int64N(int64(wait)/4))
}

// retryAfter reads both forms of the header (RFC 9110, section 10.2.3). The
// date form is measured against the registry's own clock where it tells it.
func retryAfter(resp *http.Response) (wait time.Duration, ok bool) {
	header := resp.Header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}
