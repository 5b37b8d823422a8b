package trust

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// HolderKey is a key with its holder.
type HolderKey struct {
	metadata.Key
	Holder string // safe to print
	By     string // what says so: "root 2"
}

// VerifyHex returns metadata.ErrSignature where sig, in hex, is not the key's over payload.
func (k HolderKey) VerifyHex(payload []byte, sig string) error {
	who := metadata.RoleKeys{KeyIDs: []string{""}, Threshold: 1}
	count := metadata.Quorum(who, map[string]metadata.Key{"": k.Key}, payload, []metadata.Signature{{Sig: sig}})
	if !count.Met() {
		return metadata.ErrSignature
	}
	return nil
}

// HolderKeys are the keys that belong to people, by keyid: as the roots and
// targets of a bundle say that have all their signatures themselves. trusted is
// the payload digest of a root that the caller knows to be right: what is older
// is then left out, and the error says where it is missing. The zero digest
// takes the bundle's word for its first root; there are none, nil, where no root
// has its signatures yet.
func HolderKeys(c Contents, trusted metadata.Digest) (map[string]HolderKey, error) {
	k, err := KnownOf(c)
	if err != nil {
		return nil, err
	}
	if err := k.Verified(); err != nil {
		return nil, err
	}
	keys := map[string]HolderKey{}
	set, err := k.Set()
	switch {
	case err != nil && trusted.IsZero():
		return nil, nil // nothing here says yet whose keys they are
	case err != nil:
		return nil, err
	}
	roots := set.Roots
	if err := metadata.VerifyRootChain(roots, time.Time{}); err != nil {
		return nil, err
	}
	if !trusted.IsZero() {
		i := slices.IndexFunc(roots, func(r *metadata.File) bool { return r.Digest() == trusted })
		if i < 0 {
			return nil, errors.New("the root that was given is not among those of the bundle: nothing was verified")
		}
		roots = roots[i:]
	}
	for _, root := range roots {
		holderKeys(keys, root.Signed, root.Root.Keys)
	}
	if d := set.Targets.Targets.Delegations; d != nil {
		holderKeys(keys, set.Targets.Signed, d.Keys)
	}
	return keys, nil
}

// KeysOfRoot are the keys that belong to people as one root says that the
// caller knows to be right.
func KeysOfRoot(root *metadata.File) map[string]HolderKey {
	keys := map[string]HolderKey{}
	holderKeys(keys, root.Signed, root.Root.Keys)
	return keys
}

func holderKeys(into map[string]HolderKey, s *metadata.Signed, keys map[string]metadata.Key) {
	if s.Conclave == nil {
		return
	}
	for id, holder := range s.Conclave.Holders {
		if key, ok := keys[id]; ok {
			into[id] = HolderKey{key, text.Safe(holder), fmt.Sprintf("%s %d", s.Type, s.Version)}
		}
	}
}

// StrictIDs maps the keyids of roots and targets to those that the keys have
// for strict clients.
func (k Known) StrictIDs() map[string]string {
	ids := map[string]string{}
	add := func(keys map[string]metadata.Key) {
		for id, key := range keys {
			ids[id] = StrictID(key, id)
		}
	}
	for _, root := range k.Bodies("root") {
		add(root.Root.Keys)
	}
	for _, targets := range k.Bodies("targets") {
		if d := targets.Targets.Delegations; d != nil {
			add(d.Keys)
		}
	}
	return ids
}
