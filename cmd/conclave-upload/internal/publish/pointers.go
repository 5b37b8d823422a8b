package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// maxMerges is how often a list of referrers is written before others who
// write it too are given up on.
const maxMerges = 10

// putPointers links each image that is new to the role that vouches for it.
func (w *writing) putPointers(ctx context.Context) error {
	if !w.Pointers {
		return nil
	}
	images := slices.DeleteFunc(newTargets(w.live.metadata(), w.job.set), func(t client.Target) bool { return !t.IsManifest() })
	// Two paths may name one image, and share its list: so one after the other.
	bySubject := map[string][]client.Target{}
	var subjects []string
	for _, t := range images {
		if bySubject[t.SHA256] == nil {
			subjects = append(subjects, t.SHA256)
		}
		bySubject[t.SHA256] = append(bySubject[t.SHA256], t)
	}
	err := each(ctx, subjects, func(ctx context.Context, sum string) error {
		for _, t := range bySubject[sum] {
			err := w.putPointer(ctx, t)
			if is[*MovedError](err) || is[*noListError](err) {
				w.Progress(fmt.Sprintf("pointer to %s: %v", t.Path, err)) // it is a hint, and holds nothing up
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(images) > 0 {
		w.Progress(fmt.Sprintf("pointers: %d images are linked to what vouches for them", len(images)))
	}
	return err
}

// putPointer puts a pointer, and lists it under the fallback tag where the
// registry does not list referrers by itself (OCI distribution specification
// 1.1, "Unavailable Referrers API").
func (w *writing) putPointer(ctx context.Context, t client.Target) error {
	raw, listing, err := head.EncodePointer(w.trust, t.Role, t.Path, head.Subject{MediaType: t.MediaType, SHA256: t.SHA256, Size: t.Length})
	if err != nil {
		return err
	}
	listed, err := w.Registry.Put(ctx, registry.Put{Reference: string(listing.Digest), MediaType: head.ManifestType}, raw)
	if err != nil || listed {
		return err
	}
	tag := "sha256-" + t.SHA256
	var refused *metadata.Digest // what the tag named when a condition on that was refused
	for round := range maxMerges {
		index, was, err := w.referrers(ctx, tag, round == 0)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(index.Manifests, func(d ocispec.Descriptor) bool { return d.Digest == listing.Digest }) {
			return nil // read back, where it was written in the round before
		}
		index.Manifests = append(index.Manifests, listing)
		merged, err := json.Marshal(index)
		if err != nil {
			return err
		}
		put := registry.Put{Reference: tag, MediaType: ocispec.MediaTypeImageIndex, Was: &was, Once: true}
		if refused != nil && *refused == was {
			put.Was = nil // the registry understands something else by it
		}
		_, err = w.Registry.Put(ctx, put, merged)
		switch {
		case errors.Is(err, registry.ErrChanged):
			refused = &was
		case err != nil && !registry.Again(ctx, round, err):
			return err
		}
	}
	return &MovedError{Tag: tag}
}

// noListError: a fallback tag holds something else than a list of referrers.
type noListError struct{ tag, holds string }

func (e *noListError) Error() string {
	return fmt.Sprintf("the tag %s holds no list of referrers, but %q: it was left alone", e.tag, e.holds)
}

// referrers reads the list at a fallback tag, unless that is known to be
// missing; what is no list is left alone.
func (w *writing) referrers(ctx context.Context, tag string, first bool) (index ocispec.Index, was metadata.Digest, err error) {
	index = ocispec.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageIndex}
	if first && w.absent(ctx, tag) {
		return index, was, nil
	}
	there, err := w.Registry.Manifest(ctx, tag, head.MaxSize)
	if errors.Is(err, registry.ErrNotFound) {
		return index, was, nil
	}
	if err != nil {
		return index, was, err
	}
	if !strings.HasPrefix(there.MediaType, ocispec.MediaTypeImageIndex) {
		return index, was, &noListError{tag, there.MediaType}
	}
	index = ocispec.Index{}
	if err := json.Unmarshal(there.Bytes, &index); err != nil {
		return index, was, fmt.Errorf("the tag %s: %w", tag, err)
	}
	return index, there.Digest, nil
}
