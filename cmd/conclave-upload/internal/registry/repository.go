package registry

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// Options says how a registry is spoken to. The zero value speaks HTTPS,
// anonymously.
type Options struct {
	PlainHTTP   bool
	UserAgent   string
	Credentials Credentials       // nil: anonymous
	Transport   http.RoundTripper // nil: NewTransport
	Timeout     time.Duration     // of one operation with its retries; 0: two minutes
	OnRequest   func(Request)     // called for each request that was answered or failed; nil: nobody asks
}

// Repository is one repository. It is safe for concurrent use.
type Repository struct {
	ref     Reference
	remote  *remote.Repository
	timeout time.Duration
}

// Open makes a client of the repository that ref names. Nothing is sent yet.
func Open(ref Reference, o Options) (*Repository, error) {
	r, err := remote.NewRepository(ref.Host + "/" + ref.Repository)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	transport := o.Transport
	if transport == nil {
		transport = NewTransport()
	}
	client := &auth.Client{
		Client:     &http.Client{Transport: retrying(observed(transport, o.OnRequest))},
		Cache:      auth.NewCache(),
		Credential: auth.CredentialFunc(o.Credentials),
	}
	if o.UserAgent != "" {
		client.SetUserAgent(o.UserAgent)
	}
	r.Client = client
	r.PlainHTTP = o.PlainHTTP
	timeout := o.Timeout
	if timeout == 0 {
		timeout = 2 * time.Minute
	}
	return &Repository{ref: ref, remote: r, timeout: timeout}, nil
}

// Manifest is a manifest as the registry sent it.
type Manifest struct {
	MediaType string
	Digest    metadata.Digest // of Bytes
	Bytes     []byte
}

// Descriptor is what a registry says about a manifest without sending it.
type Descriptor struct {
	MediaType string
	Digest    metadata.Digest
	Size      int64 // bytes
}

// Manifest gets the manifest that reference, a tag or a digest, names, of at
// most limit bytes, in one request. It is refused with *DigestError where it
// is not what reference, or the registry itself, said.
func (r *Repository) Manifest(ctx context.Context, reference string, limit int64) (Manifest, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	op := "get the manifest " + reference
	resp, err := r.request(ctx, http.MethodGet, "manifests/"+reference)
	if err != nil {
		return Manifest{}, r.fail(op, err)
	}
	defer resp.Body.Close()
	raw, err := readAll(resp.Body, limit)
	if err != nil {
		return Manifest{}, r.fail(op, err)
	}
	got := metadata.Sum(raw)
	for _, said := range []string{reference, resp.Header.Get(digestHeader)} {
		if want, err := metadata.ParseDigest(said); err == nil && got != want {
			return Manifest{}, &DigestError{"manifest " + reference, want, got}
		}
	}
	return Manifest{MediaType: resp.Header.Get("Content-Type"), Digest: got, Bytes: raw}, nil
}

// Stat asks what a tag or a digest names. The answer is the registry's word only.
func (r *Repository) Stat(ctx context.Context, reference string) (Descriptor, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	op := "look for the manifest " + reference
	resp, err := r.request(ctx, http.MethodHead, "manifests/"+reference)
	if err != nil {
		return Descriptor{}, r.fail(op, err)
	}
	defer resp.Body.Close()
	asked, byDigest := metadata.ParseDigest(reference)
	got, err := metadata.ParseDigest(resp.Header.Get(digestHeader))
	switch {
	case err != nil && byDigest == nil:
		got = asked // the header is optional
	case err != nil:
		return Descriptor{}, r.fail(op, fmt.Errorf("the answer has no digest that can be read: %w", err))
	case byDigest == nil && got != asked:
		return Descriptor{}, &DigestError{"manifest " + reference, asked, got}
	}
	return Descriptor{MediaType: resp.Header.Get("Content-Type"), Digest: got, Size: resp.ContentLength}, nil
}

// Blob gets the blob with that digest and exactly size bytes.
func (r *Repository) Blob(ctx context.Context, sum metadata.Digest, size int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	op := "get the blob " + sum.OCI()
	resp, err := r.request(ctx, http.MethodGet, "blobs/"+sum.OCI())
	if err != nil {
		return nil, r.fail(op, err)
	}
	defer resp.Body.Close()
	raw, err := readAll(resp.Body, size)
	if err != nil {
		return nil, r.fail(op, err)
	}
	if got := metadata.Sum(raw); got != sum {
		return nil, &DigestError{"blob", sum, got}
	}
	return raw, nil
}

// PutManifest stores a manifest under reference, a tag or its own digest.
func (r *Repository) PutManifest(ctx context.Context, reference, mediaType string, raw []byte) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	described := descriptor(mediaType, metadata.Sum(raw), int64(len(raw)))
	if err := r.remote.Manifests().PushReference(ctx, described, bytes.NewReader(raw), reference); err != nil {
		return r.fail("put the manifest "+reference, err)
	}
	return nil
}

// PutBlob stores a blob. It asks first whether it is there, and again where
// the answer to an upload was lost, so that no byte is sent in vain and a
// repeated upload can't fail because the first one worked.
func (r *Repository) PutBlob(ctx context.Context, raw []byte) (sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	sum := metadata.Sum(raw)
	op := "put the blob " + sum.OCI()
	described := descriptor(anyBlob, sum, int64(len(raw)))
	there, err := r.remote.Blobs().Exists(ctx, described)
	if err != nil {
		return false, r.fail(op, err)
	}
	if there {
		return false, nil
	}
	if err := r.remote.Blobs().Push(ctx, described, bytes.NewReader(raw)); err != nil {
		if there, again := r.remote.Blobs().Exists(ctx, described); again != nil || !there {
			return false, r.fail(op, err)
		}
	}
	return true, nil
}
