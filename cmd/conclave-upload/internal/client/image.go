package client

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// ReadAny is Read for a set that need not be ours: where reference names no
// head, it may name an image as docker/attest's client reads it, whose layers
// are the top-level roles, with each delegated role at the tag of its name.
// Such a set names no trust.
func ReadAny(ctx context.Context, store Store, reference string) (*Published, error) {
	m, err := store.Manifest(ctx, reference, head.MaxSize)
	if err != nil {
		return nil, err
	}
	published, err := ReadHead(ctx, store, reference, m, nil)
	if _, foreign := errors.AsType[*head.FormatError](err); !foreign {
		return published, err
	}
	layers, imageErr := head.ParseImage(m.Bytes)
	if imageErr != nil {
		return nil, fmt.Errorf("%s: %w", reference, errors.Join(err, imageErr))
	}
	r := &reader{store: store, known: func(metadata.Digest) []byte { return nil }}
	files, err := r.files(ctx, layers)
	if err != nil {
		return nil, err
	}
	files, err = Complete(files, func(role, name string) ([]byte, error) { return r.fromImage(ctx, role, name) })
	return &Published{Head: m, Files: files}, err
}

// fromImage gets a delegated role from the image at the tag of its name.
func (r *reader) fromImage(ctx context.Context, role, name string) ([]byte, error) {
	m, err := r.store.Manifest(ctx, role, head.MaxSize)
	if err != nil {
		return nil, err
	}
	layers, err := head.ParseImage(m.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", role, err)
	}
	layers = slices.DeleteFunc(layers, func(l head.Layer) bool { return l.Name != name })
	if len(layers) == 0 {
		return nil, &IncompleteError{Name: name}
	}
	files, err := r.files(ctx, layers)
	if err != nil {
		return nil, err
	}
	return files[0].Bytes, nil
}

// Complete adds the delegated roles to the top-level roles of a set, level by
// level: get gets the file of a role by its name. What a client does not know
// to be delegated, or the snapshot does not list, is left out.
func Complete(files []trust.NamedFile, get func(role, name string) ([]byte, error)) ([]trust.NamedFile, error) {
	set, err := head.Set(files)
	if err != nil {
		return nil, err
	}
	seen, total := map[string]bool{}, 0
	for parents := append([]*metadata.File{set.Targets}, values(set)...); len(parents) > 0; {
		var next []*metadata.File
		for _, role := range delegatedBy(parents, set.Snapshot) {
			if seen[role] || set.Delegated[role] != nil {
				continue
			}
			seen[role] = true
			name := head.FileName(role, set.Snapshot.Snapshot.Meta[role+".json"].Version)
			raw, err := get(role, name)
			if errors.Is(err, registry.ErrNotFound) {
				return nil, &IncompleteError{Name: name}
			}
			if err != nil {
				return nil, err
			}
			if total += len(raw); total > head.MaxSet {
				return nil, fmt.Errorf("the delegated roles have more than %d bytes", head.MaxSet)
			}
			f, err := metadata.ParseFile(raw, metadata.Adopted)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			files, next = append(files, trust.NamedFile{Name: name, Bytes: raw}), append(next, f)
		}
		parents = next
	}
	return files, nil
}
