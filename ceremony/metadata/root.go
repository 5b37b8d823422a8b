package metadata

import "math"

// Root is the body of root metadata (TUF 1.0, 4.3).
type Root struct {
	ConsistentSnapshot bool
	Keys               map[string]Key // by the keyid that the file states
	Roles              map[string]RoleKeys
}

// RoleKeys is a role entry: which keyids, how many of them.
type RoleKeys struct {
	KeyIDs    []string
	Threshold int
}

// root decodes the fields that only root has.
func (d *decoder) root(r *Root) func(key string, v node) {
	return func(key string, v node) {
		switch key {
		case "consistent_snapshot":
			r.ConsistentSnapshot = d.boolean(v)
		case "keys":
			r.Keys = d.keys(v)
		case "roles": // keys sort before roles, so they are known
			r.Roles = d.roles(v, r.Keys)
		}
	}
}

func (d *decoder) roles(n node, keys map[string]Key) map[string]RoleKeys {
	roles := map[string]RoleKeys{}
	d.object(n, func(name string, v node) {
		if !isTopLevel(name) {
			d.odd(codeUnknownRole, "is none of the roles that root names")
		}
		var k keyholders
		d.object(v, func(field string, v node) {
			if !k.decode(d, field, v) {
				d.other(v, field, "keyids", "threshold")
			}
		})
		roles[name] = k.checked(d, keys)
	})
	for _, name := range []string{typeRoot, typeSnapshot, typeTargets, typeTimestamp} {
		if _, ok := roles[name]; !ok {
			d.missing(name)
		}
	}
	return roles
}

// keyholders is a Keyholders while it is decoded.
type keyholders struct {
	RoleKeys
	hasKeyIDs, hasThreshold bool
}

// decode takes the fields of Keyholders; it says whether field is one.
func (k *keyholders) decode(d *decoder, field string, v node) bool {
	switch field {
	case "keyids":
		k.KeyIDs, k.hasKeyIDs = d.texts(v), true
		if len(k.KeyIDs) > maxSignatures {
			d.fail("names %d keys, more than the %d that could sign", len(k.KeyIDs), maxSignatures)
			k.KeyIDs = nil
		}
	case "threshold":
		k.Threshold, k.hasThreshold = d.count(v, math.MaxInt32), true
	default:
		return false
	}
	return true
}

// checked refuses what could never be met, or not be met by distinct keys.
func (k *keyholders) checked(d *decoder, keys map[string]Key) RoleKeys {
	if !k.hasKeyIDs {
		d.missing("keyids")
	}
	if !k.hasThreshold {
		d.missing("threshold")
	}
	seen := make(map[string]bool, len(k.KeyIDs))
	d.in("keyids", func() {
		for _, id := range k.KeyIDs {
			if seen[id] {
				d.odd(codeDuplicateKeyID, "names %s twice", printable(id))
			} else if _, ok := keys[id]; !ok {
				d.odd(codeUnknownKeyID, "names %s, for which there is no key", printable(id))
			}
			seen[id] = true
		}
	})
	if k.Threshold > len(seen) {
		d.in("threshold", func() {
			d.odd(codeUnreachableThreshold, "asks for %d signatures, and there are %d keys", k.Threshold, len(seen))
		})
	}
	return k.RoleKeys
}
