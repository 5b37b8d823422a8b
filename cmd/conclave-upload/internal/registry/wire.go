package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"
)

// digestHeader is the registry's own word for what it sends (OCI distribution
// specification 1.1, "Pulling manifests"). It is optional.
const digestHeader = "Docker-Content-Digest"

// manifestTypes are the manifests that are asked for.
const manifestTypes = ocispec.MediaTypeImageManifest + ", " + ocispec.MediaTypeImageIndex +
	", application/vnd.docker.distribution.manifest.v2+json" +
	", application/vnd.docker.distribution.manifest.list.v2+json"

// call is one request to the registry.
type call struct {
	method  string
	url     *url.URL
	body    *Content // nil: none
	header  map[string]string
	actions []string // what a token has to allow
}

// at is the URL of path, "manifests/..." or "blobs/...", in the repository.
func (r *Repository) at(path string, query url.Values) *url.URL {
	return &url.URL{Scheme: r.scheme, Host: r.host, Path: "/v2/" + r.ref.Repository + "/" + path, RawQuery: query.Encode()}
}

// send makes the call and returns any answer.
func (r *Repository) send(ctx context.Context, c call) (*http.Response, error) {
	ctx = auth.AppendRepositoryScope(ctx, r.named, c.actions...)
	req, err := c.request(ctx)
	if err != nil {
		return nil, err
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	resp, err := r.client.Do(req)
	var failed *url.Error
	if errors.As(err, &failed) { // its URL may hold what an upload is known by
		failed.URL, _, _ = strings.Cut(failed.URL, "?")
	}
	return resp, err
}

// read makes a GET or HEAD of path that has to be answered with what is there,
// or else is ErrNotFound.
func (r *Repository) read(ctx context.Context, method string, u *url.URL) (*http.Response, error) {
	c := call{method: method, url: u, actions: []string{auth.ActionPull}, header: map[string]string{}}
	if strings.Contains(u.Path, "/manifests/") {
		c.header["Accept"] = manifestTypes
	}
	resp, err := r.send(ctx, c)
	if err != nil {
		return nil, err
	}
	switch resp.StatusCode {
	case http.StatusOK:
		return resp, nil
	case http.StatusNotFound:
		resp.Body.Close()
		return nil, ErrNotFound
	}
	defer resp.Body.Close()
	return nil, refusal(resp)
}

// get reads a body of at most limit bytes. An answer that broke off is asked
// for again.
func (r *Repository) get(ctx context.Context, u *url.URL, limit int64) ([]byte, http.Header, error) {
	for attempt := 0; ; attempt++ {
		resp, err := r.read(ctx, http.MethodGet, u)
		if err != nil {
			return nil, nil, err
		}
		raw, err := readAll(resp.Body, limit)
		resp.Body.Close()
		if err == nil || !brokeOff(err) || attempt == maxRetries {
			return raw, resp.Header, err
		}
		if err := r.wait(ctx, backoff(attempt)); err != nil {
			return nil, nil, err
		}
	}
}

// refusal reads the registry's reasons (OCI distribution specification 1.1,
// "Error codes").
func refusal(resp *http.Response) error {
	e := errcode.ErrorResponse{Method: resp.Request.Method, URL: withoutQuery(resp.Request.URL), StatusCode: resp.StatusCode}
	var body struct {
		Errors errcode.Errors `json:"errors"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, 8<<10)).Decode(&body) == nil {
		e.Errors = body.Errors
	}
	return &refusalError{&e, resp.Header}
}

// refusalError is what a registry answered instead of what was asked for.
type refusalError struct {
	*errcode.ErrorResponse
	header http.Header
}

// withoutQuery is u for people: the query of an upload or of a signed URL is
// a secret for as long as it lives.
func withoutQuery(u *url.URL) *url.URL {
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
}

// readAll reads a body of at most limit bytes.
func readAll(body io.Reader, limit int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(raw)) > limit {
		return nil, fmt.Errorf("the answer is longer than the %d bytes that it may have", limit)
	}
	return raw, nil
}

// done ends an answer of which only the status counts.
func done(resp *http.Response) {
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	resp.Body.Close()
}

// fail names the request that failed.
func (r *Repository) fail(op string, err error) error {
	return &Error{Op: op, In: r.ref.Host + "/" + r.ref.Repository, Err: err, wait: r.wait}
}
