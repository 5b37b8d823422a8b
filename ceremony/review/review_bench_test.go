package review

import (
	"fmt"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// manyTargets are two versions of targets, the second with n of them. It adds one
// in ten, changes one in ten and removes one.
func manyTargets(tb testing.TB, n int) (before, after *metadata.Signed) {
	tb.Helper()
	old, now := map[string]metadata.Target{"gone": target(0)}, map[string]metadata.Target{}
	for i := range n {
		path := fmt.Sprintf("wabbit/%02d/package-%06d.tar", i%50, i)
		now[path] = target(i)
		switch i % 10 {
		case 0:
		case 1:
			old[path] = target(i + n)
		default:
			old[path] = target(i)
		}
	}
	version := func(version int64, targets map[string]metadata.Target) *metadata.Signed {
		h := metadata.Header{Version: version, Expires: reviewed.AddDate(0, 6, 0), Conclave: &metadata.Conclave{Trust: "wabbit"}}
		signed, err := metadata.EncodeTargets(h, metadata.Targets{Targets: targets})
		if err != nil {
			tb.Fatal(err)
		}
		read, err := metadata.ParseSigned(signed, metadata.Strict)
		if err != nil {
			tb.Fatal(err)
		}
		return read
	}
	return version(1, old), version(2, now)
}

func target(i int) metadata.Target {
	return metadata.Target{Length: int64(i + 1), Hashes: map[string]string{"sha256": fmt.Sprintf("%064x", i)}}
}

func TestReviewOfManyTargets(t *testing.T) {
	const n = 1000
	r := reader().say(manyTargets(t, n))
	added, changed, removed := 0, 0, 0
	for _, ch := range r.changes {
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
	if added != n/10 || changed != n/10 || removed != 1 || len(r.warnings) != 0 {
		t.Errorf("%d added, %d changed, %d removed; %q", added, changed, removed, r.warnings)
	}
}

func BenchmarkReview(b *testing.B) {
	each := map[int]time.Duration{}
	for _, n := range []int{100, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			before, after := manyTargets(b, n)
			b.ResetTimer()
			for b.Loop() {
				reader().say(before, after)
			}
			each[n] = b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(each[n].Nanoseconds())/float64(n), "ns/target")
		})
	}
}
