package publish_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

const (
	hour = time.Hour
	day  = 24 * hour
)

func TestPublish(t *testing.T) {
	for name, start := range map[string]func(testing.TB) string{
		"distribution 3":  func(t testing.TB) string { return registrytest.Embedded(t).Host() },
		"docker-registry": registrytest.Debian,
	} {
		t.Run(name, func(t *testing.T) {
			r := registrytest.Open(t, start(t), registry.Options{})
			x := trusttest.New(t, "wabbit")
			first := x.Publish(r, trusttest.Start)
			if first.Unchanged || first.Roles[1].Version != 1 {
				t.Errorf("first push: %+v", first)
			}
			again := x.Publish(r, trusttest.Start.Add(hour))
			if !again.Unchanged || again.Head != first.Head {
				t.Errorf("the same again: %+v", again)
			}
			x.Vouch("file", []byte("content"), "")
			x.NewOnlineKey(trusttest.Key(t, "ed25519"))
			x.Delegate("team", "team/*")
			x.Publish(r, trusttest.Start.Add(2*hour))
			v := x.Verified(r, trusttest.Start.Add(2*hour))
			for i, want := range []client.Role{{Name: "root", Version: 2}, {Name: "timestamp", Version: 2}, {Name: "snapshot", Version: 2}, {Name: "targets", Version: 3}, {Name: "team", Version: 1}} {
				if got := v.Roles[i]; got.Name != want.Name || got.Version != want.Version {
					t.Errorf("role %d is %s %d, want %s %d", i, got.Name, got.Version, want.Name, want.Version)
				}
			}
		})
	}
}

// TestTimestampRenewed: in the first half of a timestamp's life nothing is due,
// in the second half it is made anew.
func TestTimestampRenewed(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	x.Publish(r, trusttest.Start)
	if early := x.Publish(r, trusttest.Start.Add(11*time.Hour)); !early.Unchanged {
		t.Error("a timestamp with 13 of 24 hours left was made anew")
	}
	if late := x.Publish(r, trusttest.Start.Add(13*time.Hour)); late.Unchanged || late.Roles[1].Version != 2 {
		t.Errorf("with 11 of 24 hours left: %+v", late)
	}
}

func TestTimestampExpired(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	x.Publish(r, trusttest.Start)
	result := x.Publish(r, trusttest.Start.Add(2*day))
	if result.Roles[1].Version != 2 || result.Roles[2].Version != 1 {
		t.Errorf("timestamp and snapshot are %+v, want a new timestamp for the old snapshot", result.Roles[1:3])
	}
	result = x.Publish(r, trusttest.Start.Add(9*day))
	if result.Roles[1].Version != 3 || result.Roles[2].Version != 2 {
		t.Errorf("timestamp and snapshot are %+v, want both new", result.Roles[1:3])
	}
}

func TestRefusals(t *testing.T) {
	later := trusttest.Start.Add(hour)
	for name, c := range map[string]struct {
		change func(t *testing.T, r *registry.Repository, x *trusttest.Trust) (*trusttest.Trust, time.Time)
		as     any
	}{
		"an older bundle": {func(t *testing.T, r *registry.Repository, x *trusttest.Trust) (*trusttest.Trust, time.Time) {
			old := *x
			x.Vouch("file", []byte("content"), "")
			x.Publish(r, trusttest.Start)
			return &old, later
		}, new(*publish.RollbackError)},
		"another founding of the same name": {func(t *testing.T, r *registry.Repository, x *trusttest.Trust) (*trusttest.Trust, time.Time) {
			x.Publish(r, trusttest.Start)
			return trusttest.New(t, x.Name), later
		}, new(*publish.ForkError)},
		"a key that the root does not name": {func(t *testing.T, r *registry.Repository, x *trusttest.Trust) (*trusttest.Trust, time.Time) {
			x.Online = trusttest.Key(t, "p256")
			return x, later
		}, new(*publish.KeyError)},
		"an expired root": {func(t *testing.T, r *registry.Repository, x *trusttest.Trust) (*trusttest.Trust, time.Time) {
			return x, trusttest.Start.Add(400 * day)
		}, new(*metadata.ExpiredError)},
		"a live set whose targets expired": {func(t *testing.T, r *registry.Repository, x *trusttest.Trust) (*trusttest.Trust, time.Time) {
			p := x.Publisher(r, trusttest.Start)
			p.Lifetimes = publish.Lifetimes{Snapshot: 200 * day, Timestamp: 200 * day}
			if _, err := p.Push(t.Context(), x.Offline()); err != nil {
				t.Fatal(err)
			}
			return x, trusttest.Start.Add(100 * day)
		}, new(*metadata.ExpiredError)},
		"an image that is not there": {func(t *testing.T, r *registry.Repository, x *trusttest.Trust) (*trusttest.Trust, time.Time) {
			x.Vouch("app:1.0", []byte("{}"), "application/vnd.oci.image.manifest.v1+json")
			return x, later
		}, new(*publish.TargetError)},
		"a tag that holds something else": {func(t *testing.T, r *registry.Repository, x *trusttest.Trust) (*trusttest.Trust, time.Time) {
			trusttest.New(t, "other").Publish(r, trusttest.Start)
			copyTag(t, r, "other", x.Name)
			return x, later
		}, new(*publish.LiveError)},
	} {
		t.Run(name, func(t *testing.T) {
			host := registrytest.Embedded(t)
			r := registrytest.Open(t, host.Host(), registry.Options{})
			x, at := c.change(t, r, trusttest.New(t, "wabbit"))
			host.Forget()
			_, err := x.Publisher(r, at).Push(t.Context(), x.Offline())
			if !errors.As(err, c.as) {
				t.Errorf("got %v, want %T", err, c.as)
			}
			for _, q := range host.Requests() {
				if q.Method != "GET" && q.Method != "HEAD" {
					t.Errorf("it was refused, and yet there was %v", q)
				}
			}
		})
	}
}

// TestOtherTrust: what names one trust is not published under another's name.
func TestOtherTrust(t *testing.T) {
	r := newMemory()
	x := trusttest.New(t, "wabbit")
	renamed := *x.Offline()
	renamed.Trust = "other"
	var other *metadata.OtherTrustError
	if _, err := x.Publisher(r, trusttest.Start).Push(t.Context(), &renamed); !errors.As(err, &other) {
		t.Errorf("got %v", err)
	}
	if len(r.manifests)+len(r.blobs) != 0 {
		t.Error("something was written")
	}
}

func copyTag(t *testing.T, r *registry.Repository, from, to string) {
	t.Helper()
	m, err := r.Manifest(t.Context(), from, 1<<20)
	if err == nil {
		err = r.PutManifest(t.Context(), to, m.MediaType, m.Bytes)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestBrokenLive: a live set that is not whole is not taken for none.
func TestBrokenLive(t *testing.T) {
	r := newMemory()
	x := trusttest.New(t, "wabbit")
	x.Vouch("big", []byte("x"), strings.Repeat("x", 70_000))
	x.Publish(r, trusttest.Start)
	delete(r.blobs, metadata.Sum(x.Offline().Targets.Bytes))
	_, err := x.Publisher(r, trusttest.Start).Push(t.Context(), x.Offline())
	var broken *publish.LiveError
	if !errors.As(err, &broken) {
		t.Errorf("got %v", err)
	}
}

// TestWhoseTrust: in an empty repository only a pinned root, or a founding, says
// whose trust begins there; what is live says it afterwards.
func TestWhoseTrust(t *testing.T) {
	ours, theirs := trusttest.New(t, "wabbit"), trusttest.New(t, "wabbit")
	published := *ours.Offline()
	published.Founding = false
	root := published.Roots[0].Bytes
	for name, c := range map[string]struct {
		offered *trust.Set
		root    []byte
		refused bool
	}{
		"a founding":                             {ours.Offline(), nil, false},
		"a founding that goes on from the root":  {ours.Offline(), root, false},
		"a founding by others":                   {theirs.Offline(), root, true},
		"what was published elsewhere":           {&published, nil, true},
		"what was published, and the root of it": {&published, root, false},
		"what was published, and another's root": {&published, theirs.Offline().Roots[0].Bytes, true},
		"what was published, and no root at all": {&published, []byte("{}"), true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newMemory()
			p := ours.Publisher(r, trusttest.Start)
			p.Root = c.root
			_, err := p.Push(t.Context(), c.offered)
			var whose *publish.RootError
			if c.refused != errors.As(err, &whose) || !c.refused && err != nil || c.refused && len(r.manifests) != 0 {
				t.Fatalf("got %v, with %d manifests written", err, len(r.manifests))
			}
			if c.refused {
				return
			}
			p.Root = nil
			if _, err := p.Push(t.Context(), &published); err != nil {
				t.Errorf("once it is live: %v", err)
			}
			p.Root = theirs.Offline().Roots[0].Bytes
			if _, err := p.Push(t.Context(), &published); !errors.As(err, &whose) {
				t.Errorf("over what is live, another's root: %v", err)
			}
		})
	}
}

// TestTakenNumber: a tag that holds something else has taken its number, and
// only that.
func TestTakenNumber(t *testing.T) {
	r := newMemory()
	x := trusttest.New(t, "wabbit")
	if _, err := r.Put(t.Context(), registry.Put{Reference: "wabbit-ts-1", MediaType: "application/json"}, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if result := x.Publish(r, trusttest.Start); result.Roles[1].Version != 2 {
		t.Errorf("the timestamp is %+v, want version 2", result.Roles[1])
	}
}

// TestNamesakes: a trust may be called what another trust's tags are called.
func TestNamesakes(t *testing.T) {
	for _, name := range []string{"wabbit-root", "wabbit-root-1", "wabbit-ts-1"} {
		t.Run(name, func(t *testing.T) {
			r := newMemory()
			first, second := trusttest.New(t, name), trusttest.New(t, "wabbit")
			first.Publish(r, trusttest.Start)
			_, err := second.Publisher(r, trusttest.Start).Push(t.Context(), second.Offline())
			var foreign *publish.ForeignTagError
			if err != nil && !errors.As(err, &foreign) {
				t.Error(err)
			}
			first.Verified(r, trusttest.Start)
		})
	}
}

// TestRevokedRole: a snapshot goes on listing a role that nobody vouches for.
func TestRevokedRole(t *testing.T) {
	r := newMemory()
	x := trusttest.New(t, "wabbit")
	x.Delegate("team", "team/*")
	x.Publish(r, trusttest.Start)
	x.Targets(func(targets *metadata.Targets) { targets.Delegations = nil })
	x.Contents.Proposals = slices.DeleteFunc(x.Contents.Proposals, func(p trust.Proposal) bool { return p.Role == "team" })
	x.Publish(r, trusttest.Start)
	set := x.Verified(r, trusttest.Start).Set
	if _, listed := set.Snapshot.Snapshot.Meta["team.json"]; !listed || len(set.Delegated) != 0 {
		t.Errorf("the snapshot lists %v, the set holds %d delegated roles", set.Snapshot.Snapshot.Meta, len(set.Delegated))
	}
}
