package draft

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// strictKeys returns the keys of an adopted body as strict clients know them:
// in PEM, and under the keyid that is their hash. renamed maps the keyids of
// the body to these.
func strictKeys(keys map[string]metadata.Key) (strict map[string]metadata.Key, renamed map[string]string, err error) {
	strict, renamed = map[string]metadata.Key{}, map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		public, err := keys[id].PublicKey()
		if err != nil {
			return nil, nil, fmt.Errorf("key %.8s: %w", text.Safe(id), err)
		}
		key, err := metadata.NewKey(public)
		if err != nil {
			return nil, nil, fmt.Errorf("key %.8s can't stay: %w", text.Safe(id), err)
		}
		strict[key.ID()], renamed[id] = key, key.ID()
	}
	return strict, renamed, nil
}

// rename gives keyholders the keyids of strictKeys; a key that stood there
// under two names stands there once.
func rename(who metadata.RoleKeys, renamed map[string]string) (metadata.RoleKeys, error) {
	out := metadata.RoleKeys{Threshold: who.Threshold}
	for _, id := range who.KeyIDs {
		to, ok := renamed[id]
		if !ok {
			return out, errors.New("a role names a key that is not there")
		}
		out.KeyIDs = append(out.KeyIDs, to)
	}
	slices.Sort(out.KeyIDs)
	out.KeyIDs = slices.Compact(out.KeyIDs)
	return out, nil
}
