package publish

import (
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

const (
	lastNumber    = 1<<53 - 1 // that every reader of JSON keeps exact
	fastForwarded = 1 << 52   // nobody who counts one by one comes to it
)

// floor is the published set that the bundle quotes, as far as clients hold its
// snapshot and timestamp yet: no number may go back behind theirs. The registry
// need not know of them: it may be another one, or begin empty. base is what
// next follows, nil for a first publication. Once the online keys were replaced
// it is nil: clients have forgotten what those signed (TUF 1.0, 5.3.11), and the
// log of heads says where to begin anew. Where there is no log either, the
// numbers go on all the same, so that no name of a file is used twice, unless an
// attacker has used them up.
func floor(offered *trust.Set, base, next *metadata.Set) *metadata.Set {
	held := offered.Published
	if held == nil {
		return nil
	}
	root := next.Roots[len(next.Roots)-1].Signed
	for role, f := range map[string]*metadata.File{head.Snapshot: held.Snapshot, head.Timestamp: held.Timestamp} {
		if f == nil {
			continue
		}
		if _, err := metadata.VerifyFile(root, role, f); err != nil && (base != nil || f.Version >= fastForwarded) {
			return nil
		}
	}
	return held
}

// beyond are the first numbers of snapshot and timestamp that are new to those
// who hold a set, which may be nil or lack either.
func beyond(held *metadata.Set) (snapshot, timestamp int64) {
	snapshot, timestamp = 1, 1
	if held != nil && held.Timestamp != nil {
		timestamp = held.Timestamp.Version + 1
		snapshot = held.Timestamp.Timestamp.Snapshot.Version + 1
	}
	if held != nil && held.Snapshot != nil {
		snapshot = max(snapshot, held.Snapshot.Version+1)
	}
	return snapshot, timestamp
}

// behind says whether those who hold a set would refuse s for a number that
// goes back, or that they know with something else.
func behind(s, held *metadata.Set) bool {
	back := func(f, known *metadata.File) bool {
		return known != nil && f.Version <= known.Version && f.Digest() != known.Digest()
	}
	return held != nil && (back(s.Snapshot, held.Snapshot) || back(s.Timestamp, held.Timestamp))
}
