package publish

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// Registry is what publishing needs of a repository. Its errors are
// *registry.Error, and wrap registry.ErrNotFound where the repository lacks
// what was asked for.
type Registry interface {
	client.Store
	Stat(ctx context.Context, reference string) (registry.Descriptor, error)
	PutManifest(ctx context.Context, reference, mediaType string, raw []byte) error
	PutBlob(ctx context.Context, raw []byte) (sent bool, err error)
}

// Publisher publishes one trust.
type Publisher struct {
	Registry  Registry
	Keys      func(context.Context) (Signers, error) // asked only where something has to be signed
	Lifetimes Lifetimes
	Now       func() time.Time
	Progress  func(line string)
}

// Result is what is live after a Push.
type Result struct {
	Trust     string          `json:"trust"`
	Head      metadata.Digest `json:"head"`
	Unchanged bool            `json:"unchanged"` // it was live already: nothing was written
	Roles     []client.Role   `json:"roles"`
	Blobs     int             `json:"blobs_sent"`
}

// Push makes offered, and all that is live of the same trust, the live set. It
// can be repeated: what is live already, and still good, is left as it is, and
// what an interrupted run left is used. Nothing is written before the set was
// verified as a client would; the trust's tag is written last.
func (p *Publisher) Push(ctx context.Context, offered *ceremony.OfflineSet) (*Result, error) {
	at := p.Now()
	if newest := offered.Roots[len(offered.Roots)-1]; newest.Trust() != "" && newest.Trust() != offered.Trust {
		return nil, &metadata.OtherTrustError{Role: head.Root, Want: offered.Trust, Got: newest.Trust()}
	}
	live, err := p.live(ctx, offered.Trust)
	if err != nil {
		return nil, err
	}
	next, err := chain(live.metadata(), offered)
	if err != nil {
		return nil, err
	}
	if err := offlineExpiry(next, at); err != nil {
		return nil, err
	}
	if live != nil && same(live.set, next) && p.fresh(live.set, at) {
		p.Progress("nothing to do: this set is live, and its timestamp good until " + live.set.Timestamp.Expires.UTC().Format(time.RFC3339))
		return result(live, offered.Trust, true), nil
	}
	base, free, err := p.tail(ctx, offered.Trust, live)
	if err != nil {
		return nil, err
	}
	if next, err = chain(base.metadata(), offered); err != nil {
		return nil, err
	}
	if err := p.checkImages(ctx, next); err != nil {
		return nil, err
	}
	job := base
	if base == live || !same(base.set, next) || !p.fresh(base.set, at) {
		if job, err = p.sign(ctx, offered.Trust, next, base, free, at); err != nil {
			return nil, err
		}
	} else {
		p.Progress(fmt.Sprintf("timestamp %d was left by an interrupted run: it is used", base.version()))
	}
	if err := verify(live, job, at); err != nil {
		return nil, &ResultError{err}
	}
	p.Progress(fmt.Sprintf("verified as a client would, from root %d", job.set.Roots[0].Version))
	sent, err := p.write(ctx, offered.Trust, live, job)
	if err != nil {
		return nil, err
	}
	done := result(job, offered.Trust, false)
	done.Blobs = sent
	return done, nil
}

// verify looks at job as a client does that knows the oldest root, and as one
// that has the live set.
func verify(live, job *state, at time.Time) error {
	if _, err := client.Verify(head.Files(job.set), job.set.Roots[0].Bytes, at); err != nil || live == nil {
		return err
	}
	return metadata.VerifyUpdate(live.set, job.set)
}

// sign completes next and makes its head.
func (p *Publisher) sign(ctx context.Context, trust string, next *metadata.Set, base *state, timestamp int64, at time.Time) (*state, error) {
	if base != nil && same(base.set, next) && base.set.Snapshot.Expires.After(at.Add(p.Lifetimes.Timestamp)) {
		next.Snapshot = base.set.Snapshot
	}
	keys, err := p.Keys(ctx)
	if err != nil {
		return nil, err
	}
	if err := complete(ctx, next, base.metadata(), timestamp, keys, p.Lifetimes, at); err != nil {
		return nil, err
	}
	raw, err := head.Encode(trust, timestamp, head.Files(next))
	if err != nil {
		return nil, err
	}
	p.Progress(fmt.Sprintf("signed: snapshot %d, timestamp %d", next.Snapshot.Version, next.Timestamp.Version))
	return &state{next, registry.Manifest{MediaType: head.ManifestType, Digest: metadata.Sum(raw), Bytes: raw}}, nil
}

// offlineExpiry refuses what no online key can make good.
func offlineExpiry(s *metadata.Set, at time.Time) error {
	expired := func(role string, f *metadata.File) error {
		if at.Before(f.Expires) {
			return nil
		}
		return &ResultError{&metadata.ExpiredError{Role: role, Version: f.Version, Expires: f.Expires, At: at}}
	}
	err := cmp.Or(expired(head.Root, s.Roots[len(s.Roots)-1]), expired(head.Targets, s.Targets))
	for _, role := range slices.Sorted(maps.Keys(s.Delegated)) {
		err = cmp.Or(err, expired(role, s.Delegated[role]))
	}
	return err
}

// fresh says whether the online roles need not be signed again: more than half
// of a timestamp's life is left, so that whoever pushes from time to time
// renews it long before a client finds it expired.
func (p *Publisher) fresh(s *metadata.Set, at time.Time) bool {
	at = at.Add(p.Lifetimes.Timestamp / 2)
	return s.Snapshot.Expires.After(at) && s.Timestamp.Expires.After(at)
}

func result(s *state, trust string, unchanged bool) *Result {
	return &Result{Trust: trust, Head: s.head.Digest, Unchanged: unchanged, Roles: client.Roles(s.set)}
}
