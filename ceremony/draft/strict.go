package draft

import (
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// strictKeys returns the keys of an adopted body as strict clients know them:
// in PEM, and under the keyid that is their hash. renamed maps the keyids of
// the body to these. Of a key that can't be used nothing is kept: unusable says
// which, and why.
func strictKeys(keys map[string]metadata.Key) (strict map[string]metadata.Key, renamed, unusable map[string]string) {
	strict, renamed, unusable = map[string]metadata.Key{}, map[string]string{}, map[string]string{}
	known := map[metadata.Digest]string{} // by fingerprint: an RSA key may stand there in two forms
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		key, err := keys[id].Strict()
		if err != nil {
			unusable[id] = err.Error()
			continue
		}
		print, err := key.Fingerprint()
		if err != nil {
			unusable[id] = err.Error()
			continue
		}
		if known[print] == "" {
			known[print], strict[key.ID()] = key.ID(), key
		}
		renamed[id] = known[print]
	}
	return strict, renamed, unusable
}

// rename gives keyholders the keyids of strictKeys; a key that stood there
// under two names stands there once, and one that can't be used or is not there
// has no place any more: it never had a vote.
func rename(who metadata.RoleKeys, renamed map[string]string) metadata.RoleKeys {
	out := metadata.RoleKeys{Threshold: who.Threshold}
	for _, id := range who.KeyIDs {
		if to, ok := renamed[id]; ok {
			out.KeyIDs = append(out.KeyIDs, to)
		}
	}
	slices.Sort(out.KeyIDs)
	out.KeyIDs = slices.Compact(out.KeyIDs)
	return out
}
