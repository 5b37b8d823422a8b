package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"net/http"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Content is what a blob is to hold. It is read anew for each attempt to send
// it, and so never held in memory as a whole unless it is there already.
type Content struct {
	Digest metadata.Digest
	Size   int64 // bytes
	Open   func() (io.ReadCloser, error)
}

// Bytes is content that is in memory.
func Bytes(raw []byte) Content {
	return Content{metadata.Sum(raw), int64(len(raw)), func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(raw)), nil
	}}
}

// slowest is the rate, in bytes a second, at which a long upload is not given
// up on: its time is over when it would have been done at that rate.
const slowest = 64 << 10

func (r *Repository) patience(size int64) time.Duration {
	return r.timeout + time.Duration(size/slowest)*time.Second
}

// request makes the request of a call. Its body can be had again, for a retry.
func (c call) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, c.method, c.url.String(), nil)
	if err != nil || c.body == nil || c.body.Size == 0 {
		return req, err
	}
	if req.Body, err = c.body.Open(); err != nil {
		return nil, err
	}
	req.GetBody, req.ContentLength = c.body.Open, c.body.Size
	return req, nil
}

// OpenBlob gets the blob with that digest and exactly size bytes, to be read as
// it comes: what is read is not believed before the end of it was reached,
// which fails with *DigestError where it is something else. An answer that broke
// off is asked for again, and its beginning passed over.
func (r *Repository) OpenBlob(ctx context.Context, sum metadata.Digest, size int64) (io.ReadCloser, error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience(size))
	s := &stream{of: r, ctx: ctx, cancel: cancel, sum: sum}
	if err := s.open(); err != nil {
		cancel()
		return nil, r.fail("get the blob "+sum.OCI(), err)
	}
	return Checked(s, sum, size), nil
}

// stream is a blob on its way.
type stream struct {
	of      *Repository
	ctx     context.Context
	cancel  context.CancelFunc
	sum     metadata.Digest
	body    io.ReadCloser
	read    int64 // bytes
	attempt int
}

func (s *stream) open() error {
	resp, err := s.of.read(s.ctx, http.MethodGet, s.of.at("blobs/"+s.sum.OCI(), nil))
	if err != nil {
		return err
	}
	s.body = resp.Body
	_, err = io.CopyN(io.Discard, s.body, s.read)
	return err
}

func (s *stream) Read(p []byte) (n int, err error) {
	n, err = s.body.Read(p)
	s.read += int64(n)
	for err != nil && err != io.EOF && brokeOff(err) && s.attempt < maxRetries {
		s.body.Close()
		if err = s.of.wait(s.ctx, backoff(s.attempt)); err == nil {
			err = s.open()
		}
		s.attempt++
	}
	if err != nil && err != io.EOF {
		err = s.of.fail("get the blob "+s.sum.OCI(), err)
	}
	return n, err
}

func (s *stream) Close() error {
	s.cancel()
	return s.body.Close()
}

// Checked is r as long as it holds what sum and size name: where it holds
// something else, its end is a *DigestError instead of io.EOF.
func Checked(r io.ReadCloser, sum metadata.Digest, size int64) io.ReadCloser {
	return &checked{ReadCloser: r, want: sum, left: size, hash: sha256.New()}
}

type checked struct {
	io.ReadCloser
	want metadata.Digest
	left int64
	hash hash.Hash
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.hash.Write(p[:n])
	c.left -= int64(n)
	if c.left >= 0 && !errors.Is(err, io.EOF) {
		return n, err
	}
	if got := metadata.Digest(c.hash.Sum(nil)); c.left != 0 || got != c.want {
		return 0, &DigestError{"blob", c.want, got}
	}
	return n, err
}
