package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	orasregistry "oras.land/oras-go/v2/registry"
	"oras.land/oras-go/v2/registry/remote/auth"
)

// ErrChanged: a tag names something else than the writer has seen there, and
// the registry refused to move it.
var ErrChanged = errors.New("it names something else by now")

// Put says how a manifest is stored.
type Put struct {
	Reference string // a tag, or the manifest's own digest
	MediaType string
	// Was makes the write conditional where it is set: the tag has to name
	// that digest, or nothing where that is zero. Registries need not honour
	// it, or may understand something else by it, so it is a second line of
	// defence.
	Was *metadata.Digest
	// Once says that the write is never repeated after a wait, because what
	// the writer has seen may be no longer true then.
	Once bool
}

// PutManifest stores a manifest under reference, a tag or its own digest.
func (r *Repository) PutManifest(ctx context.Context, reference, mediaType string, raw []byte) error {
	_, err := r.Put(ctx, Put{Reference: reference, MediaType: mediaType}, raw)
	return err
}

// Put stores a manifest. Where the manifest has a subject, listed says whether
// the registry lists it among the subject's referrers by itself (OCI
// distribution specification 1.1, "Pushing Manifests with Subject"). The error
// wraps ErrChanged where the condition did not hold.
func (r *Repository) Put(ctx context.Context, p Put, raw []byte) (listed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	for attempt := 0; ; attempt++ {
		listed, err = r.put(ctx, p, raw)
		if p.Once || !lostSight(err) || !Again(ctx, attempt, err) {
			return listed, err
		}
	}
}

func (r *Repository) put(ctx context.Context, p Put, raw []byte) (listed bool, err error) {
	body := Bytes(raw)
	c := call{
		method:  http.MethodPut,
		url:     r.at("manifests/"+p.Reference, nil),
		body:    &body,
		header:  map[string]string{"Content-Type": p.MediaType},
		actions: []string{auth.ActionPull, auth.ActionPush},
	}
	if p.Once {
		ctx = context.WithValue(ctx, once{}, true)
	}
	switch {
	case p.Was == nil:
	case p.Was.IsZero():
		c.header["If-None-Match"] = "*"
	default:
		c.header["If-Match"] = `"` + p.Was.OCI() + `"`
	}
	op := "put the manifest " + p.Reference
	resp, err := r.send(ctx, c)
	if err != nil {
		return false, r.fail(op, err)
	}
	defer done(resp)
	switch resp.StatusCode {
	case http.StatusCreated:
	case http.StatusPreconditionFailed:
		return false, r.fail(op, ErrChanged)
	default:
		return false, r.fail(op, refusal(resp))
	}
	sum := metadata.Sum(raw)
	if said, err := metadata.ParseDigest(resp.Header.Get(digestHeader)); err == nil && said != sum {
		return false, &DigestError{"answer to the manifest " + p.Reference, sum, said}
	}
	return resp.Header.Get("OCI-Subject") != "", nil
}

// maxOneStep is how long a blob may be, in bytes, that is sent along before it
// is known whether the registry takes it.
const maxOneStep = 64 << 10

// maxUploads is how often an upload is begun: the first time with shortcuts.
const maxUploads = 4

// PutBlob is PutContent for what is in memory.
func (r *Repository) PutBlob(ctx context.Context, raw []byte) (sent bool, err error) {
	return r.PutContent(ctx, Bytes(raw))
}

// PutContent stores a blob, in as few requests as the registry allows: one where
// it is there already, one where the registry takes uploads in one step, else
// two. sent says whether its bytes went out. It asks again where the answer to
// an upload was lost, so that a repeated upload can't fail because the first
// one worked.
func (r *Repository) PutContent(ctx context.Context, c Content) (sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience(c.Size))
	defer cancel()
	for attempt := range maxUploads {
		if sent, err = r.upload(ctx, c, attempt == 0); err == nil {
			return sent, nil
		}
		if ctx.Err() != nil {
			break
		}
		if _, there := r.StatBlob(ctx, c.Digest); there == nil {
			return true, nil
		}
		if attempt > 0 && !lostUpload(err) {
			break
		}
	}
	return false, r.fail("put the blob "+c.Digest.OCI(), err)
}

// lostUpload: the registry does not know the upload, or not so far: it lost it,
// or the answer to the request before was lost.
func lostUpload(err error) bool {
	var said *refusalError
	return errors.As(err, &said) && (said.StatusCode == http.StatusNotFound || said.StatusCode == http.StatusRequestedRangeNotSatisfiable)
}

// upload opens an upload and completes it (OCI distribution specification 1.1,
// "Pushing blobs"). With shortcuts it asks for the blob to be mounted, from
// this very repository unless another was named: which is the question whether
// it is there and the opening of an upload in one.
func (r *Repository) upload(ctx context.Context, c Content, shortcuts bool) (sent bool, err error) {
	query := url.Values{}
	open := call{method: http.MethodPost, header: map[string]string{}, actions: []string{auth.ActionPull, auth.ActionPush}}
	if shortcuts {
		query.Set("mount", c.Digest.OCI())
		query.Set("from", r.mountFrom)
		other := orasregistry.Reference{Registry: r.ref.Host, Repository: r.mountFrom}
		ctx = auth.AppendRepositoryScope(ctx, other, auth.ActionPull)
		if r.oneStep.Load() && c.Size <= maxOneStep {
			query.Set("digest", c.Digest.OCI())
			open.body = &c
			open.header["Content-Type"] = "application/octet-stream"
		}
	}
	open.url = r.at("blobs/uploads/", query)
	resp, err := r.send(ctx, open)
	if err != nil {
		return false, err
	}
	defer done(resp)
	switch resp.StatusCode {
	case http.StatusCreated:
		return open.body != nil, nil
	case http.StatusAccepted:
	default:
		return false, refusal(resp)
	}
	if open.body != nil {
		r.oneStep.Store(false)
	}
	location, err := r.location(resp)
	if err != nil {
		return false, err
	}
	return true, r.complete(ctx, location, c)
}

// location is where an upload goes on. Another host is refused: it would be
// sent what this one has asked for, with this one's credential or without any.
func (r *Repository) location(resp *http.Response) (*url.URL, error) {
	u, err := resp.Location()
	if err != nil {
		return nil, fmt.Errorf("the answer does not say where the upload goes: %w", err)
	}
	if u.Host != r.host || u.Scheme != r.scheme {
		return nil, fmt.Errorf("the upload was sent on to %s://%s, which is another host", u.Scheme, u.Host)
	}
	return u, nil
}

func (r *Repository) complete(ctx context.Context, u *url.URL, c Content) error {
	query := u.Query()
	query.Set("digest", c.Digest.OCI())
	u.RawQuery = query.Encode()
	resp, err := r.send(ctx, call{
		method:  http.MethodPut,
		url:     u,
		body:    &c,
		header:  map[string]string{"Content-Type": "application/octet-stream"},
		actions: []string{auth.ActionPull, auth.ActionPush},
	})
	if err != nil {
		return err
	}
	defer done(resp)
	if resp.StatusCode != http.StatusCreated {
		return refusal(resp)
	}
	return nil
}
