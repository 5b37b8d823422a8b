package rendezvous

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

// Registry is what sharing needs of a repository.
type Registry interface {
	client.Store
	Tags(ctx context.Context, prefix string) ([]string, error)
	PutManifest(ctx context.Context, reference, mediaType string, raw []byte) error
	PutBlob(ctx context.Context, raw []byte) (sent bool, err error)
}

// Shared says what a Share has done.
type Shared struct {
	Proposals  int `json:"proposals"`
	Signatures int `json:"signatures"`
	New        int `json:"new"` // objects that were not there before
}

// TakenError: a tag that never moves holds something else.
type TakenError struct{ Tag string }

func (e *TakenError) Error() string {
	return fmt.Sprintf("the tag %s holds something else, and was left alone", e.Tag)
}

// Share puts the proposals of a bundle that are not live yet, the signatures
// over them and the attestations of keys into a registry. What is there stays.
// live may be nil.
func Share(ctx context.Context, r Registry, b *bundles.Bundle, live *metadata.Set) (Shared, error) {
	proposals, signatures, attestations, err := items(b)
	if err != nil {
		return Shared{}, err
	}
	old := func(it item) bool {
		version, err := strconv.ParseInt(it.manifest.Annotations[noteVersion], 10, 64)
		return err == nil && version <= liveVersion(live, it.manifest.Annotations[noteRole])
	}
	proposals, signatures = slices.DeleteFunc(proposals, old), slices.DeleteFunc(signatures, old)
	done := Shared{Proposals: len(proposals), Signatures: len(signatures)}
	if len(proposals) == 0 {
		return done, nil
	}
	for _, group := range [][]item{attestations, proposals, signatures} {
		isNew, err := shareAll(ctx, r, group)
		if done.New += isNew; err != nil {
			return done, err
		}
	}
	return done, nil
}

// liveVersion is the version of a role that is live; 0: none.
func liveVersion(live *metadata.Set, role string) int64 {
	if live == nil {
		return 0
	}
	f := live.Delegated[role]
	switch role {
	case head.Root:
		f = live.Roots[len(live.Roots)-1]
	case head.Targets:
		f = live.Targets
	}
	if f == nil {
		return 0
	}
	return f.Version
}

func shareAll(ctx context.Context, r Registry, group []item) (isNew int, err error) {
	var count atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(registry.Parallel)
	for _, it := range group {
		g.Go(func() error {
			added, err := share(ctx, r, it)
			if added {
				count.Add(1)
			}
			return err
		})
	}
	err = g.Wait()
	return int(count.Load()), err
}

// share puts one object under its tag. Of two signatures by one key over one
// proposal, ECDSA being randomised, the one that came first stays.
func share(ctx context.Context, r Registry, it item) (added bool, err error) {
	there, err := r.Manifest(ctx, it.tag, maxManifest)
	switch {
	case errors.Is(err, registry.ErrNotFound):
	case err != nil:
		return false, err
	case there.Digest == metadata.Sum(it.raw) || it.says(there.Bytes):
		return false, nil
	default:
		return false, &TakenError{it.tag}
	}
	for _, blob := range it.blobs {
		if _, err := r.PutBlob(ctx, blob); err != nil {
			return false, err
		}
	}
	return true, r.PutManifest(ctx, it.tag, ocispec.MediaTypeImageManifest, it.raw)
}

// says: another manifest speaks of the same key and payload.
func (it item) says(raw []byte) bool {
	var m ocispec.Manifest
	if json.Unmarshal(raw, &m) != nil || m.ArtifactType != it.manifest.ArtifactType || m.ArtifactType == typeProposal {
		return false
	}
	for _, note := range []string{noteTrust, notePayload, noteKeyID} {
		if m.Annotations[note] != it.manifest.Annotations[note] {
			return false
		}
	}
	return true
}
