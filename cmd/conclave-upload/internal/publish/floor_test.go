package publish_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// heldBy has the next bundle of x quote a published set whose snapshot and
// timestamp have these numbers, as one that was adopted does. It returns what
// clients hold.
func heldBy(t *testing.T, x *trusttest.Trust, snapshot, timestamp int64) *metadata.Set {
	t.Helper()
	elsewhere := newMemory()
	x.Publish(elsewhere, trusttest.Start)
	set := *x.Verified(elsewhere, trusttest.Start).Set
	h := metadata.Header{Version: snapshot, Expires: set.Timestamp.Expires, Conclave: set.Timestamp.Conclave}
	set.Snapshot = signedOnline(t, x, must(metadata.EncodeSnapshot(h, metadata.Snapshot{Meta: maps.Clone(set.Snapshot.Snapshot.Meta)})))
	listed := metadata.FileMeta{
		Version: snapshot, Length: int64(len(set.Snapshot.Bytes)),
		Hashes: map[string]string{"sha256": metadata.Sum(set.Snapshot.Bytes).String()},
	}
	h.Version = timestamp
	set.Timestamp = signedOnline(t, x, must(metadata.EncodeTimestamp(h, metadata.Timestamp{Snapshot: listed})))
	x.Contents.Published = slices.SortedFunc(slices.Values(head.Files(&set)), func(a, b trust.NamedFile) int { return strings.Compare(a.Name, b.Name) })
	return &set
}

// pinnedPush publishes x as one that was adopted: root 1 is pinned.
func pinnedPush(t *testing.T, r publish.Registry, x *trusttest.Trust) (*publish.Result, error) {
	t.Helper()
	p := x.Publisher(r, trusttest.Start)
	p.Root = x.Offline().Roots[0].Bytes
	return p.Push(t.Context(), x.Offline())
}

// TestNumbersGoOn: in whatever registry an adopted trust is published, those who
// hold its last snapshot and timestamp follow.
func TestNumbersGoOn(t *testing.T) {
	for name, c := range map[string]struct {
		before func(t *testing.T, r *memory, x *trusttest.Trust) // there was an adoption
		after  func(t *testing.T, r *memory, x *trusttest.Trust)
		same   bool // the bundle brings nothing new
	}{
		"an empty registry": {},
		"new online keys":   {after: func(t *testing.T, _ *memory, x *trusttest.Trust) { x.NewOnlineKey(trusttest.Key(t, "p256")) }},
		"a registry that began with 1": {before: func(_ *testing.T, r *memory, x *trusttest.Trust) {
			x.Publish(r, trusttest.Start)
		}},
		"a push with 1 that was interrupted": {before: func(t *testing.T, r *memory, x *trusttest.Trust) {
			x.Publish(r, trusttest.Start)
			delete(r.manifests, x.Name)
		}},
		"the same set with 1": {same: true, before: func(_ *testing.T, r *memory, x *trusttest.Trust) {
			x.Publish(r, trusttest.Start)
		}},
		"the same set with 1, interrupted": {same: true, before: func(t *testing.T, r *memory, x *trusttest.Trust) {
			x.Publish(r, trusttest.Start)
			delete(r.manifests, x.Name)
		}},
		"a push that was interrupted": {after: func(t *testing.T, r *memory, x *trusttest.Trust) {
			if _, err := pinnedPush(t, r, x); err != nil {
				t.Fatal(err)
			}
			delete(r.manifests, x.Name)
		}},
		"a role that is gone": {
			before: func(_ *testing.T, _ *memory, x *trusttest.Trust) { x.Delegate("team", "team/*") },
			after: func(_ *testing.T, _ *memory, x *trusttest.Trust) {
				x.Targets(func(t *metadata.Targets) { t.Delegations = nil })
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, x := newMemory(), trusttest.New(t, "wabbit")
			if c.before != nil {
				c.before(t, r, x)
			}
			held := heldBy(t, x, 165, 762)
			if !c.same {
				x.Vouch("file", []byte("content"), "")
			}
			if c.after != nil {
				c.after(t, r, x)
			}
			for more := range int64(2) {
				done, err := pinnedPush(t, r, x)
				if err != nil {
					t.Fatal(err)
				}
				if timestamp, snapshot := done.Roles[1].Version, done.Roles[2].Version; timestamp != 763+more || snapshot != 166+more {
					t.Errorf("it went on with snapshot %d, timestamp %d", snapshot, timestamp)
				}
				if err := metadata.VerifyUpdate(held, x.Verified(r, trusttest.Start).Set); err != nil {
					t.Errorf("who holds timestamp 762 does not follow: %v", err)
				}
				x.Vouch("file", []byte("other content"), "")
			}
		})
	}
}

// TestNumbersRunOut: after the last number that there can be nothing is
// published, unless with new online keys, for which numbers begin anew.
func TestNumbersRunOut(t *testing.T) {
	r, x := newMemory(), trusttest.New(t, "wabbit")
	heldBy(t, x, 165, lastVersion)
	x.Vouch("file", []byte("content"), "")
	var out *publish.NumberError
	if _, err := pinnedPush(t, r, x); !errors.As(err, &out) || out.Role != "timestamp" || len(r.manifests) > 0 {
		t.Errorf("got %v, and %d manifests were written", err, len(r.manifests))
	}
	x.NewOnlineKey(trusttest.Key(t, "p256"))
	done, err := pinnedPush(t, r, x)
	if err != nil || done.Roles[1].Version != 1 || done.Roles[2].Version != 1 {
		t.Errorf("with new keys: %+v, %v", done, err)
	}
}

// TestNumbersLeftOut: two publish at once, one of whom knows of higher numbers.
// The other, who was about to go on with the next one, does not take its update
// back.
func TestNumbersLeftOut(t *testing.T) {
	r, x := newMemory(), trusttest.New(t, "wabbit")
	x.Publish(r, trusttest.Start)
	slow := *x
	slow.Vouch("slow", []byte("content"), "")
	quoting := *x
	heldBy(t, &quoting, 165, 762)
	quoting.Contents.Proposals = slices.Clone(slow.Contents.Proposals)
	quoting.Contents.Signatures = slices.Clone(slow.Contents.Signatures)
	between := &between{memory: r, tag: x.Name, do: func() {
		if _, err := pinnedPush(t, r, &quoting); err != nil {
			t.Error(err)
		}
	}}
	_, err := slow.Publisher(between, trusttest.Start).Push(t.Context(), slow.Offline())
	if v := slow.Verified(r, trusttest.Start); v.Roles[1].Version != 763 {
		t.Errorf("timestamp %d is live, after %v", v.Roles[1].Version, err)
	}
}

// between is a registry in which something happens right after a tag was
// written for the first time.
type between struct {
	*memory
	tag string
	do  func()
}

func (b *between) Put(ctx context.Context, p registry.Put, raw []byte) (bool, error) {
	listed, err := b.memory.Put(ctx, p, raw)
	if do := b.do; p.Reference == b.tag && do != nil {
		b.do = nil
		do()
	}
	return listed, err
}
