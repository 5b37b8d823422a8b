package publish

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// checkTargets asks for every target that next vouches for and live does not: a
// client could not get it otherwise. It returns those that are at hand instead,
// to be uploaded.
func (p *Publisher) checkTargets(ctx context.Context, live, next *metadata.Set) (uploads []client.Target, err error) {
	var ask []client.Target
	for _, t := range newTargets(live, next) {
		if !t.IsManifest() && p.Elsewhere {
			continue
		}
		atHand, err := p.atHand(t)
		if err != nil {
			return nil, &TargetError{t.Path, !t.IsManifest(), err}
		}
		if atHand {
			uploads = append(uploads, t)
		} else {
			ask = append(ask, t)
		}
	}
	var images atomic.Int64
	err = each(ctx, ask, func(ctx context.Context, t client.Target) error {
		if t.IsManifest() {
			images.Add(1)
		}
		return p.checkTarget(ctx, t)
	})
	if err == nil && len(ask) > 0 {
		p.Progress(fmt.Sprintf("targets: %d images and %d files are in the repository, as the metadata says", images.Load(), int64(len(ask))-images.Load()))
	}
	return uploads, err
}

// newTargets are the targets of next that live does not have, each content once.
func newTargets(live, next *metadata.Set) []client.Target {
	type content struct {
		path, sha256 string
		length       int64
	}
	key := func(t client.Target) content { return content{t.Path, t.SHA256, t.Length} }
	seen := map[content]bool{}
	if live != nil {
		for _, t := range client.Targets(live) {
			seen[key(t)] = true
		}
	}
	var list []client.Target
	for _, t := range client.Targets(next) {
		if !seen[key(t)] {
			seen[key(t)] = true
			list = append(list, t)
		}
	}
	return list
}

// atHand says whether the target is among the files to upload. Another file
// under its name is an error.
func (p *Publisher) atHand(t client.Target) (bool, error) {
	if p.Files == nil || t.IsManifest() {
		return false, nil
	}
	f, err := p.Files.Open(t.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, io.LimitReader(f, t.Length+1))
	if err != nil {
		return false, err
	}
	if got := metadata.Digest(hash.Sum(nil)); n != t.Length || got.String() != t.SHA256 {
		return false, errors.New("the file that is at hand is not the one that the metadata vouches for")
	}
	return true, nil
}

func (p *Publisher) checkTarget(ctx context.Context, t client.Target) error {
	sum, err := t.Digest()
	if err != nil {
		return &TargetError{t.Path, !t.IsManifest(), err}
	}
	what, ask := "file", func() (registry.Descriptor, error) { return p.Registry.StatBlob(ctx, sum) }
	if t.IsManifest() {
		what, ask = "image", func() (registry.Descriptor, error) { return p.Registry.Stat(ctx, sum.OCI()) }
	}
	found, err := ask()
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return &TargetError{t.Path, !t.IsManifest(), fmt.Errorf("the %s %s is not in the repository", what, sum.OCI())}
	case err != nil:
		return err
	case found.Size >= 0 && found.Size != t.Length:
		return &TargetError{t.Path, !t.IsManifest(), fmt.Errorf("the %s %s has %d bytes, and the metadata says %d", what, sum.OCI(), found.Size, t.Length)}
	}
	return nil
}

// putFiles uploads file targets, each as a blob, and a manifest that keeps the
// blob alive and under whose tag docker/attest's client finds it.
func (p *Publisher) putFiles(ctx context.Context, uploads []client.Target) error {
	if len(uploads) == 0 {
		return nil
	}
	err := each(ctx, uploads, func(ctx context.Context, t client.Target) error {
		content, err := fs.ReadFile(p.Files, t.Path)
		if err != nil {
			return &TargetError{t.Path, !t.IsManifest(), err}
		}
		sum := metadata.Sum(content)
		if sum.String() != t.SHA256 {
			return &TargetError{t.Path, !t.IsManifest(), errors.New("the file was changed while it was published")}
		}
		if _, err := p.Registry.PutBlob(ctx, content); err != nil {
			return err
		}
		tag, raw, err := head.EncodeTarget(t.Path, sum, t.Length)
		if err != nil {
			return err
		}
		return p.put(ctx, tag, raw)
	})
	if err == nil {
		p.Progress(fmt.Sprintf("targets: %d files are in the repository now", len(uploads)))
	}
	return err
}
