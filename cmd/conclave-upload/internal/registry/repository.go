package registry

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	orasregistry "oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// Options says how a registry is spoken to. The zero value speaks HTTPS,
// anonymously.
type Options struct {
	PlainHTTP   bool
	UserAgent   string
	Credentials Credentials       // nil: anonymous
	AuthHosts   []string          // other hosts, host:port, that may be sent a credential: for tokens
	MountFrom   string            // another repository of the registry, to take blobs from; "" for none
	Transport   http.RoundTripper // nil: NewTransport
	Timeout     time.Duration     // of one operation with its retries; 0: five minutes
	Wait        Wait              // between two attempts; nil: by the clock
	OnRequest   func(Request)     // called for each request that was answered or failed; nil: nobody asks
}

const defaultTimeout = 5 * time.Minute

// Repository is one repository. It is safe for concurrent use.
type Repository struct {
	ref       Reference
	named     orasregistry.Reference
	scheme    string
	host      string // where ref.Host is reached
	client    *auth.Client
	timeout   time.Duration
	wait      Wait
	mountFrom string
	oneStep   atomic.Bool // the registry may take an upload in one request
}

// Open makes a client of the repository that ref names. Nothing is sent yet.
func Open(ref Reference, o Options) (*Repository, error) {
	named := orasregistry.Reference{Registry: ref.Host, Repository: ref.Repository}
	if err := named.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	transport := o.Transport
	if transport == nil {
		var err error
		if transport, err = NewTransport(nil); err != nil {
			return nil, err
		}
	}
	r := &Repository{ref: ref, named: named, scheme: "https", host: named.Host(), timeout: o.Timeout, wait: o.Wait, mountFrom: ref.Repository}
	if o.PlainHTTP {
		r.scheme = "http"
	}
	if o.MountFrom != "" {
		r.mountFrom = o.MountFrom
	}
	if r.timeout == 0 {
		r.timeout = defaultTimeout
	}
	if r.wait == nil {
		r.wait = byClock
	}
	r.oneStep.Store(true)
	r.client = &auth.Client{
		Client:     &http.Client{Transport: guard{retrying{observed(transport, o.OnRequest), r.wait}, r.host, o.AuthHosts}},
		Cache:      auth.NewCache(),
		Credential: auth.CredentialFunc(o.Credentials),
	}
	if o.UserAgent != "" {
		r.client.SetUserAgent(o.UserAgent)
	}
	return r, nil
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
	Size      int64 // bytes; -1: not told
}

// Manifest gets the manifest that reference, a tag or a digest, names, of at
// most limit bytes, in one request. It is refused with *DigestError where it
// is not what reference, or the registry itself, said.
func (r *Repository) Manifest(ctx context.Context, reference string, limit int64) (Manifest, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	raw, header, err := r.get(ctx, r.at("manifests/"+reference, nil), limit)
	if err != nil {
		return Manifest{}, r.fail("get the manifest "+reference, err)
	}
	got := metadata.Sum(raw)
	for _, said := range []string{reference, header.Get(digestHeader)} {
		if want, ok := byDigest(said); ok && got != want {
			return Manifest{}, &DigestError{"manifest " + reference, want, got}
		}
	}
	return Manifest{MediaType: header.Get("Content-Type"), Digest: got, Bytes: raw}, nil
}

// Stat asks what a tag or a digest names. The answer is the registry's word only.
func (r *Repository) Stat(ctx context.Context, reference string) (Descriptor, error) {
	return r.stat(ctx, "manifest "+reference, "manifests/"+reference, reference)
}

// StatBlob asks whether the repository holds a blob.
func (r *Repository) StatBlob(ctx context.Context, sum metadata.Digest) (Descriptor, error) {
	return r.stat(ctx, "blob "+sum.OCI(), "blobs/"+sum.OCI(), sum.OCI())
}

func (r *Repository) stat(ctx context.Context, what, path, reference string) (Descriptor, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	op := "look for the " + what
	resp, err := r.read(ctx, http.MethodHead, r.at(path, nil))
	if err != nil {
		return Descriptor{}, r.fail(op, err)
	}
	defer resp.Body.Close()
	asked, byDigest := byDigest(reference)
	got, err := metadata.ParseDigest(resp.Header.Get(digestHeader))
	switch {
	case err != nil && byDigest:
		got = asked // the header is optional
	case err != nil:
		return Descriptor{}, r.fail(op, fmt.Errorf("the answer has no digest that can be read: %w", err))
	case byDigest && got != asked:
		return Descriptor{}, &DigestError{what, asked, got}
	}
	return Descriptor{MediaType: resp.Header.Get("Content-Type"), Digest: got, Size: resp.ContentLength}, nil
}

// byDigest is the digest that a reference is; not ok where it is a tag, which
// may have 64 hex digits, too.
func byDigest(reference string) (d metadata.Digest, ok bool) {
	if !strings.Contains(reference, ":") {
		return d, false
	}
	d, err := metadata.ParseDigest(reference)
	return d, err == nil
}

// Blob gets the blob with that digest and exactly size bytes.
func (r *Repository) Blob(ctx context.Context, sum metadata.Digest, size int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	raw, _, err := r.get(ctx, r.at("blobs/"+sum.OCI(), nil), size)
	if err != nil {
		return nil, r.fail("get the blob "+sum.OCI(), err)
	}
	if got := metadata.Sum(raw); got != sum {
		return nil, &DigestError{"blob", sum, got}
	}
	return raw, nil
}
