package upkeep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// Registry is what pruning needs of a repository.
type Registry interface {
	Manifest(ctx context.Context, reference string, limit int64) (registry.Manifest, error)
	Tags(ctx context.Context, prefix string) ([]string, error)
	Delete(ctx context.Context, reference string) error
}

// Pruned says what a Prune has done, by tag.
type Pruned struct {
	Deleted []string `json:"deleted"`
	Kept    []string `json:"kept"`
	Refused []string `json:"refused"` // the registry does not delete them
}

// old is a manifest under a tag of its own.
type old struct {
	tag    string
	digest metadata.Digest
	keep   bool
}

// Prune deletes the heads of a trust whose timestamp has expired more than
// grace ago, and the manifests of bins that only those need: the tag first, then
// the manifest. It keeps the live head, what was published after it, and what
// it does not understand; it never looks at roots. A registry that does not
// delete is told of in the result. With dry nothing is deleted.
func Prune(ctx context.Context, r Registry, trust string, at time.Time, grace time.Duration, dry bool) (*Pruned, error) {
	live, err := r.Manifest(ctx, trust, head.MaxSize)
	if err != nil {
		return nil, err
	}
	newest, err := head.Parse(live.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", trust, err)
	}
	if newest.Trust != trust {
		return nil, &metadata.OtherTrustError{Role: "head", Want: trust, Got: newest.Trust}
	}
	heads, bins, err := olds(ctx, r, trust, newest, live.Digest, at.Add(-grace))
	if err != nil {
		return nil, err
	}
	done := &Pruned{Deleted: []string{}, Kept: []string{}, Refused: []string{}}
	kept := map[metadata.Digest]bool{live.Digest: true}
	all := append(heads, bins...)
	for _, o := range all {
		if o.keep {
			kept[o.digest] = true
			done.Kept = append(done.Kept, o.tag)
		}
	}
	for _, o := range all {
		if o.keep {
			continue
		}
		switch err := remove(ctx, r, o, kept[o.digest], dry); {
		case errors.Is(err, registry.ErrNoDelete):
			done.Refused = append(done.Refused, o.tag)
		case err != nil:
			return done, err
		default:
			done.Deleted = append(done.Deleted, o.tag)
		}
	}
	return done, nil
}

// remove deletes a tag and then, unless something that stays is the same, the
// manifest. Some registries delete manifests, and no tags.
func remove(ctx context.Context, r Registry, o old, shared, dry bool) error {
	if dry {
		return nil
	}
	err := r.Delete(ctx, o.tag)
	if shared || (err != nil && !errors.Is(err, registry.ErrNoDelete)) {
		return err
	}
	return r.Delete(ctx, o.digest.OCI())
}

// olds lists the heads and the manifests of bins that a trust has left.
func olds(ctx context.Context, r Registry, trust string, newest *head.Head, live metadata.Digest, before time.Time) (heads, bins []old, err error) {
	tags, err := r.Tags(ctx, trust+"-")
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(tags)
	needed := map[metadata.Digest]bool{} // bins, by whether a head that is kept needs them
	name := func(h *head.Head, keep bool) {
		for _, d := range h.Bins {
			needed[d] = needed[d] || keep
		}
	}
	name(newest, true)
	for _, tag := range tags {
		number, ok := strings.CutPrefix(tag, trust+"-ts-")
		if version, err := strconv.ParseInt(number, 10, 64); !ok || err != nil || version < 1 {
			continue
		}
		m, err := r.Manifest(ctx, tag, head.MaxSize)
		if errors.Is(err, registry.ErrNotFound) {
			continue // somebody else prunes too
		}
		if err != nil {
			return nil, nil, err
		}
		h, err := head.Parse(m.Bytes)
		if err != nil || h.Trust != trust {
			continue // not ours: a trust may be called so
		}
		expires, known := expiry(h)
		keep := m.Digest == live || h.Version > newest.Version || !known || expires.After(before)
		name(h, keep)
		heads = append(heads, old{tag, m.Digest, keep})
	}
	for _, d := range slices.SortedFunc(maps.Keys(needed), func(a, b metadata.Digest) int { return cmp.Compare(a.String(), b.String()) }) {
		bins = append(bins, old{head.BinsTag(trust, d), d, needed[d]})
	}
	return heads, bins, nil
}

// expiry is when a head's timestamp expires, which is always inline.
func expiry(h *head.Head) (time.Time, bool) {
	for _, l := range h.Layers {
		if l.Name != head.FileName(head.Timestamp, 0) || l.Data == nil {
			continue
		}
		f, err := metadata.ParseFile(l.Data, metadata.Adopted)
		if err != nil || f.Timestamp == nil {
			return time.Time{}, false
		}
		return f.Expires, true
	}
	return time.Time{}, false
}
