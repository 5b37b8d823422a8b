package metadata_test

import (
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// nextRoot is root v with other root keys, signed by whoever is given.
func (tr *trust) nextRoot(t testing.TB, v int64, holders []signer, signers ...signer) *metadata.File {
	t.Helper()
	next := *tr
	next.root = holders
	return next.rootFile(t, v, signers...)
}

func TestVerifyNextRoot(t *testing.T) {
	tr := newTrust(t, "wabbit")
	old, fresh := tr.root, newSigners(t, 3)
	root1 := tr.rootFile(t, 1, old...)
	other := *tr
	other.name = "rabbit"
	nameless := *tr
	nameless.name = ""

	t.Run("both thresholds", func(t *testing.T) {
		must(t, metadata.VerifyNextRoot(root1, tr.nextRoot(t, 2, fresh, old[0], old[1], fresh[0], fresh[1])))
	})
	t.Run("the old keys only", func(t *testing.T) {
		err := wantAs[*metadata.ThresholdError](t, metadata.VerifyNextRoot(root1, tr.nextRoot(t, 2, fresh, old...)))
		if err.Role != "root" || err.By != "new root 2" || err.Count.Threshold != 2 || len(err.Count.Valid) != 0 {
			t.Errorf("got %+v", err)
		}
	})
	t.Run("the new keys only", func(t *testing.T) {
		err := wantAs[*metadata.ThresholdError](t, metadata.VerifyNextRoot(root1, tr.nextRoot(t, 2, fresh, append(fresh, old[0])...)))
		if err.By != "old root 1" || len(err.Count.Valid) != 1 {
			t.Errorf("got %+v", err)
		}
	})
	for _, v := range []int64{1, 3, 4} {
		err := wantAs[*metadata.VersionError](t, metadata.VerifyNextRoot(root1, tr.rootFile(t, v, old...)))
		if err.Want != 2 || err.Got != v {
			t.Errorf("got %+v", err)
		}
	}
	// The keys are the same: only the name tells the trusts apart.
	t.Run("another trust", func(t *testing.T) {
		err := wantAs[*metadata.OtherTrustError](t, metadata.VerifyNextRoot(root1, other.rootFile(t, 2, old...)))
		if err.Want != "wabbit" || err.Got != "rabbit" {
			t.Errorf("got %+v", err)
		}
	})
	t.Run("another trust with a higher version", func(t *testing.T) {
		wantAs[*metadata.OtherTrustError](t, metadata.VerifyNextRoot(root1, other.rootFile(t, 7, old...)))
	})
	t.Run("a root that names no trust any more", func(t *testing.T) {
		err := wantAs[*metadata.OtherTrustError](t, metadata.VerifyNextRoot(root1, nameless.rootFile(t, 2, old...)))
		if err.Got != "" {
			t.Errorf("got %+v", err)
		}
	})
	t.Run("a root that begins to name its trust", func(t *testing.T) {
		must(t, metadata.VerifyNextRoot(nameless.rootFile(t, 1, old...), tr.rootFile(t, 2, old...)))
	})
	t.Run("no root", func(t *testing.T) {
		wantAs[*metadata.MismatchError](t, metadata.VerifyNextRoot(root1, tr.set(t, 2).Targets))
	})
}

func TestVerifyRootChain(t *testing.T) {
	tr := newTrust(t, "wabbit")
	root1, root2 := tr.rootFile(t, 1, tr.root...), tr.rootFile(t, 2, tr.root[:2]...)
	expired := file(t, encoded(t)(metadata.EncodeRoot(
		metadata.Header{Version: 1, Expires: now.AddDate(-1, 0, 0), Conclave: tr.header(1).Conclave}, tr.rootBody())), tr.root...)

	must(t, metadata.VerifyRootChain([]*metadata.File{root1, root2}, now))
	must(t, metadata.VerifyRootChain([]*metadata.File{root2}, now))
	must(t, metadata.VerifyRootChain([]*metadata.File{expired, root2}, now)) // it expired in mid-chain
	must(t, metadata.VerifyRootChain([]*metadata.File{expired}, time.Time{}))

	err := wantAs[*metadata.ExpiredError](t, metadata.VerifyRootChain([]*metadata.File{expired}, now))
	if err.Role != "root" || err.Version != 1 || !err.At.Equal(now) {
		t.Errorf("got %+v", err)
	}
	wantAs[*metadata.ThresholdError](t, metadata.VerifyRootChain([]*metadata.File{tr.rootFile(t, 1, tr.root[0])}, now))
	wantAs[*metadata.VersionError](t, metadata.VerifyRootChain([]*metadata.File{root2, root1}, now))
	wantAs[*metadata.MismatchError](t, metadata.VerifyRootChain([]*metadata.File{tr.set(t, 1).Targets}, now))
	if metadata.VerifyRootChain(nil, now) == nil {
		t.Error("no root verifies")
	}
}

// Metadata is valid until the second before it expires (TUF 1.0, 5.3.10).
func TestExpiryToTheSecond(t *testing.T) {
	tr := newTrust(t, "wabbit")
	chain := []*metadata.File{tr.rootFile(t, 1, tr.root...)}
	must(t, metadata.VerifyRootChain(chain, later.Add(-time.Second)))
	must(t, metadata.VerifyRootChain(chain, later.Add(-time.Nanosecond)))
	wantAs[*metadata.ExpiredError](t, metadata.VerifyRootChain(chain, later))
	wantAs[*metadata.ExpiredError](t, metadata.VerifyRootChain(chain, later.AddDate(10, 0, 0)))
}

func TestVerifyFile(t *testing.T) {
	tr := newTrust(t, "wabbit")
	s := tr.set(t, 3)
	root, targets := s.Roots[0].Signed, s.Targets.Signed
	count, err := metadata.VerifyFile(root, "targets", s.Targets)
	must(t, err)
	if !count.Met() || len(count.Valid) != 1 {
		t.Errorf("got %+v", count)
	}
	if _, err := metadata.VerifyFile(targets, "team", s.Delegated["team"]); err != nil {
		t.Error(err)
	}
	wantMismatch := func(parent *metadata.Signed, role string, f *metadata.File) {
		t.Helper()
		_, err := metadata.VerifyFile(parent, role, f)
		wantAs[*metadata.MismatchError](t, err)
	}
	wantMismatch(root, "snapshot", s.Timestamp) // the same key signs both
	wantMismatch(root, "mirrors", s.Targets)
	wantMismatch(targets, "nobody", s.Targets)
	wantMismatch(targets, "team", s.Snapshot)
	wantMismatch(s.Delegated["team"].Signed, "team", s.Delegated["team"])
	wantMismatch(s.Snapshot.Signed, "targets", s.Targets)

	_, err = metadata.VerifyFile(root, "targets", s.Delegated["team"])
	if e := wantAs[*metadata.ThresholdError](t, err); e.By != "root 1" || e.Role != "targets" {
		t.Errorf("got %+v", e)
	}
}
