package trusttest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
)

// Start is the time at which the trusts of tests are founded.
var Start = time.Date(2026, 3, 5, 9, 0, 0, 0, time.UTC)

// Trust is a trust as its holders have it. Three of them hold root and targets,
// and two have to sign.
type Trust struct {
	Name     string
	Online   *onlinekey.Key
	Contents trust.Contents // every proposal with all signatures

	t       testing.TB
	founded time.Time
	holders []*onlinekey.Key
	root    metadata.Root
	targets metadata.Targets
	last    map[string]*metadata.Signed // by role

	assembled *trust.Set // of contents of that size
	size      [3]int
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
	return found(t, name, founded, 3)
}

// NewHeld founds a trust with that many holders, of whom two have to sign.
func NewHeld(t testing.TB, name string, holders int) *Trust {
	t.Helper()
	return found(t, name, Start, holders)
}

func found(t testing.TB, name string, founded time.Time, holders int) *Trust {
	t.Helper()
	x := &Trust{
		Name:     name,
		founded:  founded,
		Online:   Key(t, onlinekey.P256),
		Contents: trust.Contents{Trust: name},
		t:        t,
		last:     map[string]*metadata.Signed{},
		targets:  metadata.Targets{Targets: map[string]metadata.Target{}},
	}
	for range holders {
		x.holders = append(x.holders, Key(t, onlinekey.P256))
	}
	held := metadata.RoleKeys{Threshold: 2}
	keys := map[string]metadata.Key{}
	for _, k := range x.holders {
		keys[k.Public().ID()] = k.Public()
		held.KeyIDs = append(held.KeyIDs, k.Public().ID())
	}
	slices.Sort(held.KeyIDs)
	x.root = metadata.Root{ConsistentSnapshot: true, Keys: keys, Roles: map[string]metadata.RoleKeys{"root": held, "targets": held}}
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
	x.onlinePublic(k.Public())
	x.Online = k
}

func (x *Trust) onlinePublic(k metadata.Key) {
	for _, role := range []string{"snapshot", "timestamp"} {
		for _, id := range x.root.Roles[role].KeyIDs {
			delete(x.root.Keys, id)
		}
		x.root.Roles[role] = metadata.RoleKeys{KeyIDs: []string{k.ID()}, Threshold: 1}
	}
	x.root.Keys[k.ID()] = k
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

// NewForeignKey proposes a root with an online key that this trust can't use
// itself: one on a token or behind a command.
func (x *Trust) NewForeignKey(k metadata.Key) {
	x.t.Helper()
	x.root.Keys = maps.Clone(x.root.Keys)
	x.Root(func(*metadata.Root) { x.onlinePublic(k) })
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
		t.Delegations = &metadata.Delegations{Keys: keys, Roles: []metadata.DelegatedRole{{Name: name, RoleKeys: held, Paths: []string{path}}}}
	})
	x.Update(name)
}

// Update proposes the next version of a delegated role, which vouches for nothing.
func (x *Trust) Update(role string) {
	x.t.Helper()
	// Nothing in it names the role: one day less, or targets 1 would be the same payload.
	signed, err := metadata.EncodeTargets(x.header(role, 89*24*time.Hour), metadata.Targets{Targets: map[string]metadata.Target{}})
	x.propose(role, signed, err)
}

// Teams proposes the next targets, which delegates to that many roles, and
// version 1 of each of them.
func (x *Trust) Teams(n int) {
	x.t.Helper()
	held := x.root.Roles["targets"]
	names := make([]string, n)
	x.Targets(func(t *metadata.Targets) {
		t.Delegations = &metadata.Delegations{Keys: map[string]metadata.Key{}}
		for _, id := range held.KeyIDs {
			t.Delegations.Keys[id] = x.root.Keys[id]
		}
		for i := range names {
			names[i] = fmt.Sprintf("team-%03d", i)
			t.Delegations.Roles = append(t.Delegations.Roles, metadata.DelegatedRole{Name: names[i], RoleKeys: held, Paths: []string{names[i] + "/*"}})
		}
	})
	for _, name := range names {
		x.Update(name)
	}
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
	p := trust.Proposal{Trust: x.Name, Role: role, Version: body.Version, Signed: signed, Reason: "a test"}
	if last := x.last[role]; last != nil {
		p.Base = last.Digest()
	}
	x.last[role] = body
	x.Contents.Proposals = append(x.Contents.Proposals, p)
	for _, k := range x.holders {
		x.Contents.Signatures = append(x.Contents.Signatures, trust.ProposalSignature{Proposal: body.Digest(), Signature: x.signature(k, body.Payload)})
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

// Holders are the keyids of those who hold root and targets, in their order.
func (x *Trust) Holders() []string {
	var keyids []string
	for _, k := range x.holders {
		keyids = append(keyids, k.Public().ID())
	}
	return keyids
}

// By is what one holder hands on: everything that is proposed, and the own
// signatures.
func (x *Trust) By(keyid string) trust.Contents {
	c := x.Contents
	c.Signatures = nil
	for _, s := range x.Contents.Signatures {
		if s.KeyID == keyid {
			c.Signatures = append(c.Signatures, s)
		}
	}
	return c
}

// Ahead is what the offline roles will have come to when n more targets have
// been signed. The trust stays as it is.
func (x *Trust) Ahead(n int64) *trust.Set {
	x.t.Helper()
	header := x.header("targets", 90*24*time.Hour)
	header.Version += n - 1
	signed, err := metadata.EncodeTargets(header, x.targets)
	if err != nil {
		x.t.Fatal(err)
	}
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	if err != nil {
		x.t.Fatal(err)
	}
	var signatures []metadata.Signature
	for _, k := range x.holders {
		signatures = append(signatures, x.signature(k, body.Payload))
	}
	f, err := metadata.ParseFile(metadata.Assemble(signed, signatures), metadata.Strict)
	if err != nil {
		x.t.Fatal(err)
	}
	ahead := *x.Offline()
	ahead.Targets = f
	return &ahead
}

// Offline is what the offline roles have come to. It is assembled once for what
// is there.
func (x *Trust) Offline() *trust.Set {
	x.t.Helper()
	size := [3]int{len(x.Contents.Published), len(x.Contents.Proposals), len(x.Contents.Signatures)}
	if x.assembled == nil || x.size != size {
		s, err := trust.Assemble(x.Contents)
		if err != nil {
			x.t.Fatal(err)
		}
		x.assembled, x.size = s, size
	}
	return x.assembled
}
