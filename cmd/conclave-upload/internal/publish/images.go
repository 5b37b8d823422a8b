package publish

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"golang.org/x/sync/errgroup"
)

// checkImages asks for every image that the set vouches for: a client could not
// get it otherwise.
func (p *Publisher) checkImages(ctx context.Context, s *metadata.Set) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	var images atomic.Int64
	check := func(f *metadata.File) {
		for path, t := range f.Targets.Targets {
			target := client.TargetOf(path, "", t)
			if !target.IsManifest() {
				continue
			}
			images.Add(1)
			group.Go(func() error { return p.checkImage(ctx, target) })
		}
	}
	check(s.Targets)
	for _, f := range s.Delegated {
		check(f)
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if n := images.Load(); n > 0 {
		p.Progress(fmt.Sprintf("images: %d are in the repository, as the targets say", n))
	}
	return nil
}

func (p *Publisher) checkImage(ctx context.Context, t client.Target) error {
	sum, err := t.Digest()
	if err != nil {
		return &TargetError{t.Path, err}
	}
	found, err := p.Registry.Stat(ctx, sum.OCI())
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return &TargetError{t.Path, fmt.Errorf("the image %s is not in the repository", sum.OCI())}
	case err != nil:
		return err
	case found.Size >= 0 && found.Size != t.Length:
		return &TargetError{t.Path, fmt.Errorf("the manifest of the image %s has %d bytes, and the metadata says %d", sum.OCI(), found.Size, t.Length)}
	}
	return nil
}
