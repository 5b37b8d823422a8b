package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
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
	StatBlob(ctx context.Context, sum metadata.Digest) (registry.Descriptor, error)
	Tags(ctx context.Context, prefix string) ([]string, error)
	Put(ctx context.Context, p registry.Put, raw []byte) (listed bool, err error)
	PutContent(ctx context.Context, c registry.Content) (sent bool, err error)
}

// Publisher publishes one trust.
type Publisher struct {
	Registry  Registry
	Keys      func(context.Context) (Signers, error) // asked only where something has to be signed
	Lifetimes Lifetimes
	Now       func() time.Time
	Progress  func(line string)
	Meter     func(Amount) // told how much was sent, by requests that are under way at once; nil: nobody asks

	Margin    time.Duration // for how long what holders have signed must be good yet
	Files     fs.FS         // the file targets to upload; nil: they have to be there
	FilesIn   Registry      // the repository of the file targets, as docker/attest's client needs one; nil: Registry
	From      Origin        // where targets that are missing are copied from
	Elsewhere bool          // file targets are served by somebody else; with an origin: all targets that it lacks
	Pointers  bool          // link each new image to the role that vouches for it
	Root      []byte        // that the trust has, from a source that the caller trusts; nil: it is asked for where only that tells
	Seen      *metadata.Set // what this machine has seen live before; nil: nothing
	Known     client.Known  // files that need not be read again; nil: none
	Patience  time.Duration // how long a write of another uploader may be on its way

	every time.Duration // until the next refresh; 0: nobody knows
}

// Result is what is live after a Push.
type Result struct {
	Trust     string          `json:"trust"`
	Head      metadata.Digest `json:"head"`
	Unchanged bool            `json:"unchanged"`        // it was live already: nothing was written
	Begins    []client.Begin  `json:"begins,omitempty"` // where clients begin; nil where nothing was verified, since nothing is new
	Roles     []client.Role   `json:"roles"`
	Blobs     int             `json:"blobs_sent"`

	Manifest registry.Manifest `json:"-"` // the head
	Set      *metadata.Set     `json:"-"`
}

// Push makes offered, and all that is live of the same trust, the live set. It
// can be repeated: what is live already, and still good, is left as it is, and
// what an interrupted run left is used. Nothing is written before the set was
// verified as a client would; the trust's tag is written last.
func (p *Publisher) Push(ctx context.Context, offered *trust.Set) (*Result, error) {
	if newest := offered.Roots[len(offered.Roots)-1]; newest.Trust() != "" && newest.Trust() != offered.Trust {
		return nil, &metadata.OtherTrustError{Role: head.Root, Want: offered.Trust, Got: newest.Trust()}
	}
	live, err := p.live(ctx, offered.Trust)
	if err != nil {
		return nil, err
	}
	if err := p.whose(live, offered); err != nil {
		return nil, err
	}
	return p.publish(ctx, live, offered)
}

// whose sees to it that offered is the trust that is meant: it goes on from the
// pinned root. What begins a trust in an empty repository is not believed for
// its name: unless it is a founding, only a pinned root tells it from a
// stranger's.
func (p *Publisher) whose(live *state, offered *trust.Set) error {
	if p.Root == nil && (live != nil || offered.Founding) {
		return nil
	}
	begins := offered.Roots[0]
	refused := &RootError{Theirs: trust.Root{Version: begins.Version, Digest: begins.Digest()}}
	if p.Root == nil {
		return refused
	}
	next, err := chain(live.metadata(), offered)
	if err != nil {
		return err
	}
	if refused.Err = client.GoesOnFrom(p.Root, next); refused.Err != nil {
		return refused
	}
	return nil
}

// publish makes offered live, where live is. A first publication expects that
// nobody has begun one before, and looks for that where it turns out wrong.
func (p *Publisher) publish(ctx context.Context, live *state, offered *trust.Set) (*Result, error) {
	if live != nil {
		return p.attempt(ctx, live, offered, p.tail)
	}
	nobody := func(context.Context, string, *state) ([]*state, int64, error) { return nil, 1, nil }
	result, err := p.attempt(ctx, nil, offered, nobody)
	var moved *MovedError
	if errors.As(err, &moved) && !moved.Committed && moved.Tag == timestampTag(offered.Trust, 1) {
		p.Progress("timestamp 1 was taken: somebody has begun a first publication before")
		return p.attempt(ctx, nil, offered, p.tail)
	}
	return result, err
}

// attempt is publish, with the log of heads beyond live as tail gives it.
func (p *Publisher) attempt(ctx context.Context, live *state, offered *trust.Set, tail tail) (*Result, error) {
	at := p.Now()
	next, err := chain(live.metadata(), offered)
	if err != nil {
		return nil, err
	}
	if err := offlineExpiry(next, at); err != nil {
		return nil, err
	}
	held := floor(offered, live.metadata(), next)
	if live != nil && same(live.set, next) && p.fresh(live.set, at) && !behind(live.set, held) {
		p.Progress("nothing to do: this set is live, and its timestamp good until " + live.set.Timestamp.Expires.UTC().Format(time.RFC3339))
		return result(live, offered.Trust, true), nil
	}
	_, above := beyond(held)
	gap := above > live.version()+1
	if gap {
		tail = p.tailWithGaps
	}
	log, free, err := tail(ctx, offered.Trust, live)
	if err != nil {
		return nil, err
	}
	base := end(live, log)
	if base != live {
		// Whoever left it there may be at work yet.
		if err := p.wait(ctx); err != nil {
			return nil, err
		}
	}
	if next, err = chain(base.metadata(), offered); err != nil {
		return nil, err
	}
	if free, err = p.number(ctx, offered.Trust, base.metadata(), next, free); err != nil {
		return nil, err
	}
	held = floor(offered, base.metadata(), next)
	if err := cmp.Or(p.offlineMargin(next, at), checkTags(offered.Trust, next)); err != nil {
		return nil, err
	}
	uploads, err := p.checkTargets(ctx, live.metadata(), next)
	if err != nil {
		return nil, err
	}
	job := base
	if base == live || !same(base.set, next) || !p.fresh(base.set, at) || behind(base.set, held) {
		if job, err = p.sign(ctx, offered.Trust, next, base, held, free, at); err != nil {
			return nil, err
		}
	} else {
		p.Progress(fmt.Sprintf("timestamp %d was left by an interrupted run: it is used", base.version()))
	}
	if err := listsAll(live, job); err != nil {
		return nil, &resultError{err}
	}
	begins, err := p.verify(live.metadata(), held, job, job.set.Roots[0].Bytes, at)
	if err != nil {
		return nil, err
	}
	sent, err := p.write(ctx, offered.Trust, live, job, uploads, func(ctx context.Context, trust string, s *state) ([]*state, int64, error) {
		if gap {
			return p.signedElsewhere(ctx, trust, s, job.version())
		}
		return p.tailAt(ctx, trust, s, min(s.version()+1, job.version()))
	})
	if err != nil {
		return nil, err
	}
	done := result(job, offered.Trust, false)
	done.Begins, done.Blobs = begins, sent
	return done, nil
}

// verify looks at job as a client does that knows one root, and as those that
// have the live set, or the one that they held before there was this registry;
// either may be nil.
func (p *Publisher) verify(live, held *metadata.Set, job *state, pinned []byte, at time.Time) ([]client.Begin, error) {
	verified, err := client.Verify(head.Files(job.set), pinned, at)
	for _, s := range []*metadata.Set{live, held} {
		if err == nil && s != nil && s.Snapshot != nil && s.Timestamp != nil && s.Targets != nil {
			err = metadata.VerifyUpdate(s, job.set)
		}
	}
	if err != nil {
		return nil, &resultError{err}
	}
	p.Progress("verified as a client would, from " + client.Beginning(verified.Begins))
	return verified.Begins, nil
}

// listsAll refuses a delegation without a file in what is signed here: clients
// would end there. Where that is live already, refreshing it makes nothing worse.
func listsAll(live, job *state) error {
	if found := job.set.Unlisted(); len(found) > 0 && (live == nil || len(live.set.Unlisted()) == 0) {
		return fmt.Errorf("snapshot %d: %s", job.set.Snapshot.Version, found[0].Text)
	}
	return nil
}

// sign completes next and makes its head.
func (p *Publisher) sign(ctx context.Context, trust string, next *metadata.Set, base *state, held *metadata.Set, free int64, at time.Time) (*state, error) {
	if base != nil && same(base.set, next) && base.set.Snapshot.Expires.After(at.Add(p.Lifetimes.Timestamp)) && !behind(base.set, held) {
		next.Snapshot = base.set.Snapshot
	}
	keys, err := p.Keys(ctx)
	if err != nil {
		return nil, err
	}
	if err := complete(ctx, next, base.metadata(), held, free, keys, p.Lifetimes, at); err != nil {
		return nil, err
	}
	if err := limits(next); err != nil {
		return nil, err
	}
	job, err := encode(trust, next)
	if err == nil {
		p.Progress(fmt.Sprintf("signed: snapshot %d, timestamp %d", next.Snapshot.Version, next.Timestamp.Version))
	}
	return job, err
}

// encode makes the head of a complete set.
func encode(trust string, s *metadata.Set) (*state, error) {
	listed, bins, err := head.Split(trust, head.Files(s))
	if err != nil {
		return nil, err
	}
	var sums []metadata.Digest
	for _, b := range bins {
		sums = append(sums, b.Digest)
	}
	raw, err := head.Encode(trust, s.Timestamp.Version, listed, sums...)
	if err != nil {
		return nil, err
	}
	return &state{s, registry.Manifest{MediaType: head.ManifestType, Digest: metadata.Sum(raw), Bytes: raw}, bins}, nil
}

// fresh says whether the online roles need not be signed again: more than half
// of a timestamp's life is left, so that whoever pushes from time to time
// renews it long before a client finds it expired; and the next refresh comes
// in time, where one is known to come.
func (p *Publisher) fresh(s *metadata.Set, at time.Time) bool {
	at = at.Add(max(p.Lifetimes.Timestamp/2, late(p.every)))
	return s.Snapshot.Expires.After(at) && s.Timestamp.Expires.After(at)
}

func result(s *state, trust string, unchanged bool) *Result {
	return &Result{Trust: trust, Head: s.head.Digest, Unchanged: unchanged, Roles: client.Roles(s.set), Manifest: s.head, Set: s.set}
}
