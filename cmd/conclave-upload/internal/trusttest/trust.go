package trusttest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
)

// Start is the time at which the trusts of tests are founded.
var Start = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

// Trust is a trust as its holders have it. Three of them hold root and targets,
// and two have to sign.
type Trust struct {
	Name     string
	Online   *onlinekey.Key
	Contents ceremony.Contents // every proposal with all signatures

	t       testing.TB
	founded time.Time
	holders []*onlinekey.Key
	root    metadata.Root
	targets metadata.Targets
	last    map[string]*metadata.Signed // by role
}

// New founds a trust at Start.
func New(t testing.TB, name string) *Trust {
	t.Helper()
	return NewAt(t, name, Start)
}

// NewAt founds a trust: root 1 and targets 1, which vouches for nothing. The
// root is good for a year from then, targets for ninety days.
func NewAt(t testing.TB, name string, founded time.Time) *Trust {
	t.Helper()
	x := &Trust{
		Name:     name,
		founded:  founded,
		Online:   Key(t, onlinekey.P256),
		Contents: ceremony.Contents{Trust: name},
		t:        t,
		last:     map[string]*metadata.Signed{},
		targets:  metadata.Targets{Targets: map[string]metadata.Target{}},
	}
	for range 3 {
		x.holders = append(x.holders, Key(t, onlinekey.P256))
	}
	held := metadata.Keyholders{Threshold: 2}
	keys := map[string]metadata.Key{}
	for _, k := range x.holders {
		keys[k.Public().ID()] = k.Public()
		held.KeyIDs = append(held.KeyIDs, k.Public().ID())
	}
	slices.Sort(held.KeyIDs)
	x.root = metadata.Root{ConsistentSnapshot: true, Keys: keys, Roles: map[string]metadata.Keyholders{"root": held, "targets": held}}
	x.online(x.Online)
	x.Root(func(*metadata.Root) {})
	x.Targets(func(*metadata.Targets) {})
	return x
}

// Key makes a key.
func Key(t testing.TB, a onlinekey.Algorithm) *onlinekey.Key {
	t.Helper()
	k, err := onlinekey.New(a, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// online makes k the key of snapshot and timestamp.
func (x *Trust) online(k *onlinekey.Key) {
	for _, role := range []string{"snapshot", "timestamp"} {
		for _, id := range x.root.Roles[role].KeyIDs {
			delete(x.root.Keys, id)
		}
		x.root.Roles[role] = metadata.Keyholders{KeyIDs: []string{k.Public().ID()}, Threshold: 1}
	}
	x.root.Keys[k.Public().ID()] = k.Public()
	x.Online = k
}

// Root proposes the next root, after change, and has every holder sign it.
func (x *Trust) Root(change func(*metadata.Root)) {
	x.t.Helper()
	change(&x.root)
	signed, err := metadata.EncodeRoot(x.header("root", 365*24*time.Hour), x.root)
	x.propose("root", signed, err)
}

// NewOnlineKey proposes a root with another online key.
func (x *Trust) NewOnlineKey(k *onlinekey.Key) {
	x.t.Helper()
	x.root.Keys = maps.Clone(x.root.Keys)
	x.Root(func(*metadata.Root) { x.online(k) })
}

// Targets proposes the next targets, after change, and has every holder sign it.
func (x *Trust) Targets(change func(*metadata.Targets)) {
	x.t.Helper()
	change(&x.targets)
	signed, err := metadata.EncodeTargets(x.header("targets", 90*24*time.Hour), x.targets)
	x.propose("targets", signed, err)
}

// Vouch proposes the next targets, which vouches for content under path too.
// mediaType is "" for a file.
func (x *Trust) Vouch(path string, content []byte, mediaType string) {
	x.t.Helper()
	target := metadata.Target{
		Length: int64(len(content)),
		Hashes: map[string]string{"sha256": metadata.Sum(content).String()},
	}
	if mediaType != "" {
		target.Custom = []byte(`{"mediaType":"` + mediaType + `"}`)
	}
	x.Targets(func(t *metadata.Targets) { t.Targets[path] = target })
}

// Delegate proposes the next targets, which gives path to the role name, and
// that role's version 1; all holders hold it.
func (x *Trust) Delegate(name, path string) {
	x.t.Helper()
	held := x.root.Roles["targets"]
	x.Targets(func(t *metadata.Targets) {
		keys := map[string]metadata.Key{}
		for _, id := range held.KeyIDs {
			keys[id] = x.root.Keys[id]
		}
		t.Delegations = &metadata.Delegations{Keys: keys, Roles: []metadata.DelegatedRole{{Name: name, Keyholders: held, Paths: []string{path}}}}
	})
	signed, err := metadata.EncodeTargets(x.header(name, 90*24*time.Hour), metadata.Targets{Targets: map[string]metadata.Target{}})
	x.propose(name, signed, err)
}

func (x *Trust) header(role string, life time.Duration) metadata.Header {
	version := int64(1)
	if last := x.last[role]; last != nil {
		version = last.Version + 1
	}
	return metadata.Header{Version: version, Expires: x.founded.Add(life), Conclave: &metadata.Conclave{Trust: x.Name}}
}

func (x *Trust) propose(role string, signed []byte, err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	if err != nil {
		x.t.Fatal(err)
	}
	p := ceremony.Proposal{Trust: x.Name, Role: role, Version: body.Version, Signed: signed, Reason: "a test"}
	if last := x.last[role]; last != nil {
		p.Base = last.Digest()
	}
	x.last[role] = body
	x.Contents.Proposals = append(x.Contents.Proposals, p)
	for _, k := range x.holders {
		x.Contents.Signatures = append(x.Contents.Signatures, ceremony.ProposalSignature{Proposal: body.Digest(), Signature: x.signature(k, body.Payload)})
	}
}

func (x *Trust) signature(k *onlinekey.Key, payload []byte) metadata.Signature {
	x.t.Helper()
	s, err := k.Sign(context.Background(), payload)
	if err != nil {
		x.t.Fatal(err)
	}
	return metadata.Signature{KeyID: k.Public().ID(), Sig: hex.EncodeToString(s)}
}

// Offline is what the offline roles have come to.
func (x *Trust) Offline() *ceremony.OfflineSet {
	x.t.Helper()
	s, err := ceremony.Assemble(x.Contents)
	if err != nil {
		x.t.Fatal(err)
	}
	return s
}
