package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/layout"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/mirror"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// origin is a set as somebody has published it, with its targets. Nothing of it
// has been verified.
type origin struct {
	publish.Origin
	set   *client.Published // without a head where it has none
	close func()
}

// origin reads what is published at a place.
func (p *program) origin(ctx context.Context, at place) (*origin, error) {
	if at.plain() {
		return originDir(at.dir)
	}
	r, done, err := p.repositoryAt(at, false)
	if err != nil {
		return nil, err
	}
	reference := at.tag
	if l, ok := r.(*layout.Layout); ok && !at.said {
		reference = cmp.Or(l.Only(), reference)
	}
	published, err := client.ReadAny(ctx, r, reference)
	if err == nil && published.Trust != "" && at.tag != "" && published.Trust != at.tag {
		err = &metadata.OtherTrustError{Role: "the head", Want: at.tag, Got: published.Trust}
	}
	if err != nil {
		done()
		return nil, err
	}
	return &origin{publish.Origin{Images: r, Open: opener(r)}, published, done}, nil
}

// opener opens targets in a repository, by their digests.
func opener(r repository) func(context.Context, client.Target) (io.ReadCloser, error) {
	return func(ctx context.Context, t client.Target) (f io.ReadCloser, err error) {
		if t.IsManifest() {
			var raw []byte
			raw, err = client.Content(ctx, r, t)
			f = io.NopCloser(bytes.NewReader(raw))
		} else if sum, failed := t.Digest(); failed != nil {
			err = fmt.Errorf("%w: a registry is asked for a file by its sha256: %w", fs.ErrNotExist, failed)
		} else {
			f, err = r.OpenBlob(ctx, sum, t.Length)
		}
		if errors.Is(err, registry.ErrNotFound) {
			return nil, fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		return f, err
	}
}

func originDir(dir string) (*origin, error) {
	s, err := mirror.OpenSource(dir)
	if err != nil {
		return nil, err
	}
	files, err := s.Files()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, err), s.Close())
	}
	open := func(_ context.Context, t client.Target) (io.ReadCloser, error) {
		f, err := s.OpenTarget(t)
		if err != nil {
			return nil, err
		}
		checked, err := t.Checked(f)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%w: nothing says what it should be: %w", fs.ErrNotExist, err), f.Close())
		}
		return checked, nil
	}
	return &origin{Origin: publish.Origin{Open: open}, set: &client.Published{Files: files}, close: func() { _ = s.Close() }}, nil
}
