package publish

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// checkTargets asks for every target that next vouches for and live does not: a
// client could not get it otherwise. It returns those that are at hand instead,
// to be uploaded.
func (p *Publisher) checkTargets(ctx context.Context, live, next *metadata.Set) (uploads []client.Target, err error) {
	var ask []client.Target
	for _, t := range newTargets(live, next) {
		if !t.IsManifest() && p.Elsewhere && p.From.Open == nil {
			continue
		}
		if t, err = p.addressed(ctx, t); errors.Is(err, fs.ErrNotExist) && p.Elsewhere {
			p.Progress(fmt.Sprintf("target %s: it is left out: %v", t.Path, err))
			continue
		} else if err != nil {
			return nil, &TargetError{t.Path, !t.IsManifest(), err}
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
	var mu sync.Mutex
	images, files := 0, 0
	err = each(ctx, ask, func(ctx context.Context, t client.Target) error {
		err := p.checkTarget(ctx, t)
		missing := errors.Is(err, errMissing)
		copied := missing && p.From.has(ctx, t)
		mu.Lock()
		defer mu.Unlock()
		switch {
		case copied:
			uploads = append(uploads, t)
			return nil
		case missing && p.Elsewhere && p.From.Open != nil:
			p.Progress(fmt.Sprintf("target %s: the origin lacks it, too: it is left out", t.Path))
			return nil
		case t.IsManifest():
			images++
		default:
			files++
		}
		return err
	})
	if err == nil && images+files > 0 {
		p.Progress(fmt.Sprintf("targets: %d images and %d files are in the repository, as the metadata says", images, files))
	}
	return uploads, err
}

// newTargets are the targets of next that live does not have, each content once.
func newTargets(live, next *metadata.Set) []client.Target {
	type content struct {
		path, sha256, sha512 string
		length               int64
	}
	key := func(t client.Target) content { return content{t.Path, t.SHA256, t.SHA512, t.Length} }
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

// addressed gives a file the sha256 by which a registry keeps it, where its
// metadata has its sha512 alone: that of the content, which has to be at hand. The
// error is fs.ErrNotExist where it is not.
func (p *Publisher) addressed(ctx context.Context, t client.Target) (client.Target, error) {
	if t.SHA256 != "" {
		return t, nil
	}
	f, err := p.open(ctx, t)
	if t.IsManifest() || errors.Is(err, fs.ErrNotExist) {
		return t, fmt.Errorf("a registry is asked for it by its sha256, which its metadata does not have: %w", fs.ErrNotExist)
	}
	if err != nil {
		return t, err
	}
	defer f.Close()
	checked, err := t.Checked(f)
	if err != nil {
		return t, err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, checked); err != nil {
		return t, err
	}
	t.SHA256 = metadata.Digest(hash.Sum(nil)).String()
	return t, nil
}

// errMissing: the repository lacks a target.
var errMissing = errors.New("not in the repository")

func (p *Publisher) checkTarget(ctx context.Context, t client.Target) error {
	sum, err := t.Digest()
	if err != nil {
		return &TargetError{t.Path, !t.IsManifest(), err}
	}
	what, ask := "file", func() (registry.Descriptor, error) { return p.files().StatBlob(ctx, sum) }
	if t.IsManifest() {
		what, ask = "image", func() (registry.Descriptor, error) { return p.Registry.Stat(ctx, sum.OCI()) }
	}
	found, err := ask()
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return &TargetError{t.Path, !t.IsManifest(), fmt.Errorf("the %s %s is %w", what, sum.OCI(), errMissing)}
	case err != nil:
		return err
	case found.Size >= 0 && found.Size != t.Length:
		return &TargetError{t.Path, !t.IsManifest(), fmt.Errorf("the %s %s has %d bytes, and the metadata says %d", what, sum.OCI(), found.Size, t.Length)}
	}
	return nil
}
