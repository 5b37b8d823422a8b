package publish

import (
	"context"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// anew says whether the online roles may begin anew with next: its root names
// keys that did not sign those of base, and clients forget the versions that
// they have seen of them (TUF 1.0, 5.3.11). That is the way out of a
// fast-forward attack.
func anew(base, next *metadata.Set) bool {
	root := next.Roots[len(next.Roots)-1].Signed
	for role, f := range map[string]*metadata.File{head.Timestamp: base.Timestamp, head.Snapshot: base.Snapshot} {
		if _, err := metadata.VerifyFile(root, role, f); err != nil {
			return true
		}
	}
	return false
}

// number is the version of the timestamp that follows base: free, unless next
// begins anew. Then it is the first one after those in the log of heads, which
// has none of the numbers between the last honest one and an attacker's. So no
// file gets a name that clients or mirrors have known with another content.
func (p *Publisher) number(ctx context.Context, trust string, base, next *metadata.Set, free int64) (int64, error) {
	if base == nil || !anew(base, next) {
		return free, nil
	}
	prefix := timestampTag(trust, 0)[:len(timestampTag(trust, 0))-1]
	tags, err := p.Registry.Tags(ctx, prefix)
	if err != nil {
		return 0, err
	}
	taken, first := map[int64]bool{}, free
	for _, tag := range tags {
		n, err := strconv.ParseInt(strings.TrimPrefix(tag, prefix), 10, 64)
		if err == nil && n > 0 {
			taken[n], first = true, min(first, n)
		}
	}
	for taken[first] {
		first++
	}
	return first, nil
}
