package publish

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// Mirror makes a whole set that others have signed the live set of trust, byte
// for byte, without any key. It is held against what is live as Push holds a
// bundle, in all roles; roots that are live and that the set lacks stay. What
// is live already is left as it is. The set has to verify from the pinned root, or
// else its oldest; whether that is to be believed is the caller's to know.
func (p *Publisher) Mirror(ctx context.Context, trust string, set *metadata.Set) (*Result, error) {
	if named := set.Roots[len(set.Roots)-1].Trust(); named != "" && named != trust {
		return nil, &metadata.OtherTrustError{Role: head.Root, Want: trust, Got: named}
	}
	live, err := p.live(ctx, trust)
	if err != nil {
		return nil, err
	}
	next, err := overtake(live.metadata(), set)
	if err != nil {
		return nil, err
	}
	if live != nil && sameFiles(live.set, next) {
		p.Progress("nothing to do: this set is live")
		return result(live, trust, true), nil
	}
	if err := cmp.Or(limits(next), checkTags(trust, next)); err != nil {
		return nil, err
	}
	log, _, err := p.signedElsewhere(ctx, trust, live, 0)
	if err != nil {
		return nil, err
	}
	if base := end(live, log); base != live {
		if next, err = overtake(base.set, set); err != nil {
			return nil, err
		}
	}
	job, err := encode(trust, next)
	if err != nil {
		return nil, err
	}
	pinned := p.Root
	if pinned == nil {
		pinned = next.Roots[0].Bytes
	}
	begins, err := p.verify(live.metadata(), nil, job, pinned, p.Now())
	if err != nil {
		return nil, err
	}
	uploads, err := p.checkTargets(ctx, live.metadata(), next)
	if err != nil {
		return nil, err
	}
	sent, err := p.write(ctx, trust, live, job, uploads, func(ctx context.Context, trust string, s *state) ([]*state, int64, error) {
		return p.signedElsewhere(ctx, trust, s, job.version())
	})
	if err != nil {
		return nil, err
	}
	done := result(job, trust, false)
	done.Begins, done.Blobs = begins, sent
	return done, nil
}

// overtake is set with the roots of live that it lacks. It is refused where it
// goes back behind live in any role.
func overtake(live, set *metadata.Set) (*metadata.Set, error) {
	if live == nil {
		return set, nil
	}
	joined, err := chain(live, &trust.Set{Roots: set.Roots, Targets: set.Targets, Delegated: set.Delegated})
	if err != nil {
		return nil, err
	}
	if !anew(live, joined) {
		if _, err := successor(head.Snapshot, live.Snapshot, set.Snapshot); err != nil {
			return nil, err
		}
		if _, err := successor(head.Timestamp, live.Timestamp, set.Timestamp); err != nil {
			return nil, err
		}
	}
	next := *set
	next.Roots = joined.Roots
	return &next, nil
}

func sameFiles(a, b *metadata.Set) bool {
	return slices.EqualFunc(head.Files(a), head.Files(b), func(x, y trust.NamedFile) bool {
		return x.Name == y.Name && metadata.Sum(x.Bytes) == metadata.Sum(y.Bytes)
	})
}

// tailWithGaps is tail where the numbers of the log need not follow one another:
// the tags that are there tell them.
func (p *Publisher) tailWithGaps(ctx context.Context, trust string, s *state) (log []*state, free int64, err error) {
	return p.signedElsewhere(ctx, trust, s, 0)
}

// signedElsewhere is tailWithGaps where the numbers are those of timestamps that
// others sign. One counts although it may lie before s: a trust can begin anew.
func (p *Publisher) signedElsewhere(ctx context.Context, trust string, s *state, one int64) (log []*state, free int64, err error) {
	prefix := strings.TrimSuffix(timestampTag(trust, 0), "0")
	tags, err := p.Registry.Tags(ctx, prefix)
	if err != nil {
		return nil, 0, err
	}
	var numbers []int64
	for _, tag := range tags {
		if n, err := strconv.ParseInt(strings.TrimPrefix(tag, prefix), 10, 64); err == nil && (n > s.version() || n == one) && timestampTag(trust, n) == tag {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	free = s.version() + 1
	for _, n := range numbers {
		free = max(free, n+1)
		entry, err := p.entry(ctx, trust, n)
		if err != nil {
			return nil, 0, err
		}
		if entry != nil && follows(end(s, log), entry) {
			log = append(log, entry)
		}
	}
	return log, free, nil
}
