package ceremony_test

import (
	"bytes"
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// agree sends all bundles round, and has people choose where there is a choice:
// what is published, else what more have signed, else the first by its digest.
func (w *world) agree(rt *rapid.T) {
	for range 50 {
		w.exchange(rt)
		if !w.choose() {
			w.exchange(rt)
			return
		}
	}
	rt.Fatal("people come to no end")
}

// exchange has every site take over what every other has. The last has
// everything when its turn comes.
func (w *world) exchange(rt *rapid.T) {
	for _, from := range w.sites {
		c := w.watch(from)
		for _, to := range w.sites {
			if to == from {
				continue
			}
			if _, err := to.Import(c, "exchange.tar", metadata.Sum(nil)); err != nil && !mayRefuse(err) {
				rt.Fatalf("refused: %v", err)
			}
		}
	}
}

// late has every site take over every bundle that was ever written.
func (w *world) late(rt *rapid.T) {
	for _, in := range w.sent {
		for _, s := range w.sites {
			if _, err := s.Import(in, "late.tar", metadata.Sum(nil)); err != nil && !mayRefuse(err) {
				rt.Fatalf("a late bundle is refused: %v", err)
			}
		}
	}
}

// choose withdraws one payload of a version that has several, or one that a
// site did not know when it was cancelled.
func (w *world) choose() bool {
	for _, s := range w.sites {
		for _, p := range w.watch(s).Proposals {
			if id := w.id(p); w.gone[id] {
				s.must(s.Withdraw(id, "it was cancelled"))
				return true
			}
		}
	}
	byVersion := map[string]metadata.Digest{}
	for _, id := range w.open(w.sites[0]) {
		name := fmt.Sprintf("%s %d", w.about[id].Role, w.about[id].Version)
		other, rival := byVersion[name]
		if !rival {
			byVersion[name] = id
			continue
		}
		loser := id
		if w.live[id] || !w.live[other] && w.signers(id) > w.signers(other) {
			loser = other
		}
		w.withdraw(loser)
		return true
	}
	return false
}

// signers counts the keys that have signed id.
func (w *world) signers(id metadata.Digest) int {
	keys := map[string]bool{}
	for sig := range w.made[id] {
		keys[sig.KeyID] = true
	}
	return len(keys)
}

// converged holds all sites against each other, and against what was made.
func (w *world) converged(rt *rapid.T) {
	var want trust.Contents
	for i, s := range w.sites {
		s.restart()
		c := w.watch(s)
		if i == 0 {
			want = c
		}
		if !equalContents(c, want) {
			rt.Fatalf("site %d has %d proposals and %d signatures, the first %d and %d", i, len(c.Proposals), len(c.Signatures), len(want.Proposals), len(want.Signatures))
		}
		w.complete(rt, c)
	}
	first := w.assembled(rt, want)
	for _, s := range w.sites[1:] {
		if !slices.EqualFunc(first, w.assembled(rt, w.watch(s)), bytes.Equal) {
			rt.Fatal("the sites assemble other bytes")
		}
	}
}

// complete: every signature over what stands is there, and none that is void.
func (w *world) complete(rt *rapid.T, c trust.Contents) {
	have := map[metadata.Digest]int{}
	for _, sig := range c.Signatures {
		if w.void(sig.Proposal) {
			rt.Fatalf("a signature over %s %d is back", w.about[sig.Proposal].Role, w.about[sig.Proposal].Version)
		}
		have[sig.Proposal]++
	}
	for id, sigs := range w.made {
		if !w.void(id) && have[id] != len(sigs) {
			rt.Fatalf("%d signatures of %d over %s %d are left", have[id], len(sigs), w.about[id].Role, w.about[id].Version)
		}
	}
	list, err := trust.Standings(c)
	if err != nil {
		rt.Fatal(err)
	}
	for _, st := range list {
		for _, t := range st.Quorum.By {
			if n := len(slices.Compact(slices.Clone(t.Signed))); n != len(t.Signed) || n > w.signers(st.Digest) {
				rt.Fatalf("%s %d: %v counts somebody twice", st.Role, st.Version, t.Signed)
			}
		}
	}
}

// assembled are the bytes of what is complete; none where nothing is.
func (w *world) assembled(rt *rapid.T, c trust.Contents) [][]byte {
	set, err := trust.Assemble(c)
	if err != nil {
		if !isIncomplete(err) {
			rt.Fatal(err)
		}
		return nil
	}
	var files [][]byte
	for _, f := range append(slices.Clone(set.Roots), set.Targets) {
		ids := map[string]bool{}
		for _, sig := range f.Signatures {
			if ids[sig.KeyID] {
				rt.Fatalf("%s %d is signed twice by one key", f.Type, f.Version)
			}
			ids[sig.KeyID] = true
		}
		files = append(files, f.Bytes)
	}
	return files
}

// equalContents says whether two sites hold the same, but for their journals
// and the published set, which is what each was given.
func equalContents(a, b trust.Contents) bool {
	byDigest := func(c trust.Contents) []string {
		var all []string
		for _, p := range c.Proposals {
			all = append(all, fmt.Sprintf("%s %d %s", p.Role, p.Version, metadata.Sum(p.Signed)))
		}
		for _, s := range c.Signatures {
			all = append(all, fmt.Sprintf("%s %s %s", s.Proposal, s.KeyID, s.Sig))
		}
		slices.Sort(all)
		return all
	}
	return slices.Equal(byDigest(a), byDigest(b))
}
