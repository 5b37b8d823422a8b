package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/opencontainers/go-digest"
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

// request reads path, "manifests/..." or "blobs/...", of the repository. It
// does by itself what oras-go would do with a second request, and checked
// against a header, where the answer's length is not known beforehand.
func (r *Repository) request(ctx context.Context, method, path string) (*http.Response, error) {
	scheme := "https"
	if r.remote.PlainHTTP {
		scheme = "http"
	}
	ref := r.remote.Reference
	ctx = auth.AppendRepositoryScope(ctx, ref, auth.ActionPull)
	url := fmt.Sprintf("%s://%s/v2/%s/%s", scheme, ref.Host(), ref.Repository, path)
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(path, "manifests/") {
		req.Header.Set("Accept", manifestTypes)
	}
	resp, err := r.remote.Client.Do(req)
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

// refusal reads the registry's reasons (OCI distribution specification 1.1,
// "Error codes").
func refusal(resp *http.Response) error {
	e := &errcode.ErrorResponse{Method: resp.Request.Method, URL: resp.Request.URL, StatusCode: resp.StatusCode}
	var body struct {
		Errors errcode.Errors `json:"errors"`
	}
	if json.NewDecoder(io.LimitReader(resp.Body, 8<<10)).Decode(&body) == nil {
		e.Errors = body.Errors
	}
	return e
}

// anyBlob: a registry does not keep the media type of a blob.
const anyBlob = "application/octet-stream"

func descriptor(mediaType string, sum metadata.Digest, size int64) ocispec.Descriptor {
	return ocispec.Descriptor{MediaType: mediaType, Digest: digest.Digest(sum.OCI()), Size: size}
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

// fail names the request that failed.
func (r *Repository) fail(op string, err error) error {
	return &Error{Op: op, In: r.ref.Host + "/" + r.ref.Repository, Err: err}
}
