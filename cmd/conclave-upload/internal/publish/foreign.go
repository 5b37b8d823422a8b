package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// ForeignTagError: a tag that a first publication would write holds something
// that is not of this trust.
type ForeignTagError struct{ Tag string }

func (e *ForeignTagError) Error() string {
	return fmt.Sprintf("the tag %s, which this trust needs, holds something of somebody else's: nothing was published", e.Tag)
}

// needed is a tag that a publication writes, and what may stand there before.
type needed struct {
	tag  string
	ours func(raw []byte) bool
}

// foreign refuses a first publication where a tag that it would write holds what
// neither this trust nor an interrupted run left there. The tags of later
// publications bear the trust's name, and who wrote them is looked at as they are
// written.
func (w *writing) foreign(ctx context.Context, files []client.Target) error {
	if w.live != nil {
		return nil
	}
	list, err := w.needed(files)
	if err != nil {
		return err
	}
	return each(ctx, list, func(ctx context.Context, n needed) error {
		tags, unlisted := w.survey.get(ctx)
		if unlisted == nil && !slices.Contains(tags, n.tag) {
			return nil
		}
		there, err := w.Registry.Manifest(ctx, n.tag, head.MaxSize)
		switch {
		case errors.Is(err, registry.ErrNotFound) && unlisted != nil:
			return nil
		case errors.Is(err, registry.ErrNotFound): // something of a kind that we don't ask for
			return &ForeignTagError{n.tag}
		case err != nil:
			return err
		case !n.ours(there.Bytes):
			return &ForeignTagError{n.tag}
		}
		return nil
	})
}

// needed lists the tags of a first publication, but for those that are left alone
// where they are somebody else's. What can be read at the trust's own tag and in
// the log of heads is judged as it is written: others may be first at this moment.
func (w *writing) needed(files []client.Target) ([]needed, error) {
	anything := func([]byte) bool { return true }
	list := []needed{
		{w.trust, anything},
		{timestampTag(w.trust, w.job.version()), anything},
		{newestRootTag(w.trust), func(raw []byte) bool { return head.IsRootOf(w.trust, raw) }},
	}
	exactly := func(tag string, raw []byte) {
		list = append(list, needed{tag, func(there []byte) bool { return bytes.Equal(there, raw) }})
	}
	for _, r := range w.job.set.Roots {
		raw, err := head.EncodeRoot(w.trust, r.Version, r.Bytes)
		if err != nil {
			return nil, err
		}
		exactly(rootTag(w.trust, r.Version), raw)
	}
	for _, b := range w.job.bins {
		exactly(b.Tag, b.Bytes)
	}
	for _, role := range tagged(w.job.set) {
		if role.Tag != "" && w.job.set.Delegated[role.Name] != nil {
			list = append(list, needed{role.Tag, func(raw []byte) bool { return head.IsRoleOf(w.trust, role.Name, raw) }})
		}
	}
	for _, t := range files {
		if w.FilesIn != nil {
			break // who uses a repository of files shares it on purpose
		}
		sum, err := t.Digest()
		if err != nil {
			return nil, err
		}
		tag, raw, _, err := head.EncodeTarget(t.Path, sum, t.Length)
		if err != nil {
			return nil, err
		}
		exactly(tag, raw)
	}
	return list, nil
}
