package ceremony

import (
	"fmt"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// proposing is a ceremony in which version 2 of targets, with n of them, waits
// for Ada's signature. It adds one in ten, changes one in ten and removes one.
func proposing(tb testing.TB, n int) (*Ceremony, metadata.Digest, Holder) {
	tb.Helper()
	k := newKeys(tb, 2)
	root, err := metadata.EncodeRoot(named(1, k...), metadata.Root{Keys: byID(k...), Roles: map[string]metadata.Keyholders{
		"root": vote(1, k...), "targets": vote(1, k[0]), "snapshot": vote(1, k[1]), "timestamp": vote(1, k[1]),
	}})
	if err != nil {
		tb.Fatal(err)
	}
	before, after := map[string]metadata.Target{"gone": target(0)}, map[string]metadata.Target{}
	for i := range n {
		path := fmt.Sprintf("wabbit/%02d/package-%06d.tar", i%50, i)
		after[path] = target(i)
		switch i % 10 {
		case 0:
		case 1:
			before[path] = target(i + n)
		default:
			before[path] = target(i)
		}
	}
	c := reader()
	c.state.clock = reviewed
	propose := func(p Proposal) metadata.Digest {
		read, err := newProposal(p)
		if err != nil {
			tb.Fatal(err)
		}
		c.state.proposals, c.state.byID[read.id] = append(c.state.proposals, read), read
		return read.id
	}
	version := func(version int64, targets map[string]metadata.Target, base metadata.Digest) metadata.Digest {
		h := metadata.Header{Version: version, Expires: reviewed.AddDate(0, 6, 0), Conclave: &metadata.Conclave{Trust: "wabbit"}}
		signed, err := metadata.EncodeTargets(h, metadata.Targets{Targets: targets})
		if err != nil {
			tb.Fatal(err)
		}
		return propose(Proposal{Role: "targets", Version: version, Signed: signed, Base: base})
	}
	propose(Proposal{Role: "root", Version: 1, Signed: root})
	id := version(2, after, version(1, before, metadata.Digest{}))
	return c, id, Holder{Name: "Ada", KeyID: k[0].ID()}
}

func target(i int) metadata.Target {
	return metadata.Target{Length: int64(i + 1), Hashes: map[string]string{"sha256": fmt.Sprintf("%064x", i)}}
}

func TestReviewOfManyTargets(t *testing.T) {
	const n = 1000
	c, id, ada := proposing(t, n)
	r, err := c.Review(id, ada)
	if err != nil {
		t.Fatal(err)
	}
	added, changed, removed := 0, 0, 0
	for _, ch := range r.Changes {
		switch {
		case ch.Path == "":
		case ch.Before == "":
			added++
		case ch.After == "":
			removed++
		default:
			changed++
		}
	}
	if added != n/10 || changed != n/10 || removed != 1 || len(r.Warnings) != 0 {
		t.Errorf("%d added, %d changed, %d removed; %q", added, changed, removed, r.Warnings)
	}
}

func BenchmarkReview(b *testing.B) {
	each := map[int]time.Duration{}
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, id, ada := proposing(b, n)
			b.ResetTimer()
			for b.Loop() {
				if _, err := c.Review(id, ada); err != nil {
					b.Fatal(err)
				}
			}
			each[n] = b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(each[n].Nanoseconds())/float64(n), "ns/target")
		})
	}
}
