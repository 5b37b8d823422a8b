package metadata

import (
	"encoding/binary"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// Targets is the body of targets metadata, of the top level or delegated (TUF 1.0, 4.5).
type Targets struct {
	Targets     map[string]Target
	Delegations *Delegations
}

// Target is what a client compares a file with.
type Target struct {
	Length int64             // bytes
	Hashes map[string]string // algorithm -> lower-case hex; in Strict mode sha256, sha512 or both
	Custom []byte            // compact JSON, nil for none
}

// Delegations says who else may speak for which paths. It has Roles or Succinct.
type Delegations struct {
	Keys     map[string]Key
	Roles    []DelegatedRole // in order
	Succinct *SuccinctRoles
}

// DelegatedRole is one delegation. It has Paths or PathHashPrefixes.
type DelegatedRole struct {
	Name string
	RoleKeys
	Terminating      bool
	Paths            []string
	PathHashPrefixes []string
	Tag              string // x-conclave-tag: the tag that holds it in a registry
}

// SuccinctRoles are 2^BitLength hash bins with the same keys (TAP 15).
type SuccinctRoles struct {
	RoleKeys
	BitLength  int // 1 to 32
	NamePrefix string
}

// Bin says whether role is the name of one of the bins: the prefix, a hyphen,
// and the number in hex with the same number of digits for all (TUF 1.0, 4.5).
func (s *SuccinctRoles) Bin(role string) bool {
	digits, ok := strings.CutPrefix(role, s.NamePrefix+"-")
	if !ok || len(digits) != s.digits() || strings.Trim(digits, "0123456789abcdef") != "" {
		return false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return err == nil && n < s.Bins()
}

// Bins is how many there are.
func (s *SuccinctRoles) Bins() uint64 { return 1 << s.BitLength }

// Name is the name of the bin with a number, from 0.
func (s *SuccinctRoles) Name(n uint64) string {
	return fmt.Sprintf("%s-%0*x", s.NamePrefix, s.digits(), n)
}

// For is the name of the bin that a target's path belongs to: the leftmost bits
// of the path's SHA-256 are its number (TUF 1.0, 4.5, "succinct_roles").
func (s *SuccinctRoles) For(path string) string {
	sum := Sum([]byte(path))
	return s.Name(uint64(binary.BigEndian.Uint32(sum[:4]) >> (32 - s.BitLength)))
}

// HashPrefixes are the path_hash_prefixes that delegate to a role what bin n
// holds: the beginnings, in hex, of its paths' SHA-256.
func (s *SuccinctRoles) HashPrefixes(n uint64) []string {
	each := uint64(1) << (4*s.digits() - s.BitLength) // a digit has four bits
	prefixes := make([]string, each)
	for i := range each {
		prefixes[i] = fmt.Sprintf("%0*x", s.digits(), n*each+i)
	}
	return prefixes
}

// digits is how many hex digits a bin's number has.
func (s *SuccinctRoles) digits() int { return (s.BitLength + 3) / 4 }

// targets decodes the fields that only targets has.
func (d *decoder) targets(t *Targets) func(key string, v node) {
	return func(key string, v node) {
		switch key {
		case "targets":
			t.Targets = map[string]Target{}
			d.object(v, func(path string, v node) {
				if !isPath(path) {
					d.odd(codeDubiousPath, "is no plain relative path")
				}
				t.Targets[path] = d.target(v)
			})
		case "delegations":
			t.Delegations = d.delegations(v)
		}
	}
}

func (d *decoder) target(n node) Target {
	var t Target
	var hasLength, hasHashes bool
	d.object(n, func(field string, v node) {
		switch field {
		case "length":
			t.Length, hasLength = d.integer(v, 0), true
		case "hashes":
			t.Hashes, hasHashes = d.hashes(v), true
		case "custom":
			t.Custom = escapeControls(v)
		default:
			d.other(v, field, "length", "hashes", "custom")
		}
	})
	if !hasLength {
		d.missing("length")
	}
	if !hasHashes {
		d.missing("hashes")
	}
	return t
}

func (d *decoder) hashes(n node) map[string]string {
	hashes := map[string]string{}
	d.object(n, func(algorithm string, v node) {
		hashes[algorithm] = d.hex(v)
		switch sum, known := hash(algorithm, nil); {
		case !known:
			d.odd(codeOtherHash, "is another hash than sha256 and sha512")
		case len(hashes[algorithm]) != len(sum):
			d.fail("must have %d hex digits", len(sum))
		}
	})
	switch {
	case len(hashes) == 0:
		d.fail("must hold a hash")
	case len(KnownHashes(hashes)) == 0:
		d.odd(codeOtherHash, "holds neither sha256 nor sha512")
	case hashes["sha256"] == "" && d.mode == Adopted: // new versions may keep it so: the content may not be at hand
		d.odd(codeOtherHash, "holds no sha256")
	}
	return hashes
}

// KnownHashes are those of hashes that all clients know: sha256 and sha512. Beside
// any other, go-tuf refuses the target.
func KnownHashes(hashes map[string]string) map[string]string {
	known := maps.Clone(hashes)
	maps.DeleteFunc(known, func(algorithm, _ string) bool { _, known := hash(algorithm, nil); return !known })
	return known
}

func (d *decoder) delegations(n node) *Delegations {
	dg := &Delegations{}
	var hasRoles bool
	d.object(n, func(field string, v node) {
		switch field {
		case "keys":
			dg.Keys = d.keys(v)
		case "roles": // keys sort before roles and succinct_roles, so they are known
			dg.Roles, hasRoles = d.delegatedRoles(v, dg.Keys), true
		case "succinct_roles":
			dg.Succinct = d.succinct(v, dg.Keys)
		default:
			d.other(v, field, "keys", "roles", "succinct_roles")
		}
	})
	if dg.Keys == nil {
		d.missing("keys")
	}
	if hasRoles == (dg.Succinct != nil) {
		d.fail("must have either roles or succinct_roles")
	}
	return dg
}

func (d *decoder) delegatedRoles(n node, keys map[string]Key) []DelegatedRole {
	roles := []DelegatedRole{}
	seen := map[string]bool{}
	d.array(n, func(v node) {
		r := d.delegatedRole(v, keys)
		d.in("name", func() {
			d.roleName(r.Name)
			if seen[r.Name] {
				d.fail("is %s again", printable(r.Name))
			}
		})
		seen[r.Name] = true
		roles = append(roles, r)
	})
	return roles
}

// roleName refuses a name that would put a delegated role in the place of a
// top-level one, or its file in the place of another.
func (d *decoder) roleName(name string) {
	if isTopLevel(name) || name == "" {
		d.fail("can't be the name of a delegated role: %s", printable(name))
	} else if !isRoleName(name) {
		d.odd(codeDubiousRoleName, "is no safe name for a file: %s", printable(name))
	}
}

func (d *decoder) delegatedRole(n node, keys map[string]Key) DelegatedRole {
	var r DelegatedRole
	var k keyholders
	var hasTerminating bool
	d.object(n, func(field string, v node) {
		switch field {
		case "name":
			r.Name = d.text(v)
		case "terminating":
			r.Terminating, hasTerminating = d.boolean(v), true
		case "paths":
			r.Paths = d.texts(v)
		case "path_hash_prefixes":
			d.array(v, func(v node) { r.PathHashPrefixes = append(r.PathHashPrefixes, d.hashPrefix(v)) })
			if len(r.PathHashPrefixes) == 0 {
				d.odd(codeNoPaths, "is empty")
			}
		case "x-conclave-tag":
			if r.Tag = d.text(v); !isTag(r.Tag) {
				d.fail("is no tag of a registry: %s", printable(r.Tag))
			}
		default:
			if !k.decode(d, field, v) {
				d.other(v, field, "name", "keyids", "threshold", "terminating", "paths", "path_hash_prefixes", "x-conclave-tag")
			}
		}
	})
	r.RoleKeys = k.checked(d, keys)
	if !hasTerminating {
		d.in("terminating", func() { d.odd(codeNoTerminating, "is missing") })
	}
	switch {
	case r.Paths != nil && r.PathHashPrefixes != nil:
		d.fail("must have either paths or path_hash_prefixes")
	case len(r.Paths)+len(r.PathHashPrefixes) == 0:
		d.odd(codeNoPaths, "delegates no path")
	}
	return r
}

// hashPrefix is the beginning of a hex digest, not always of whole bytes.
func (d *decoder) hashPrefix(n node) string {
	s := d.text(n)
	if s == "" || len(s) > 64 || strings.Trim(s, "0123456789abcdef") != "" {
		d.fail("must be the beginning of a lower-case hex digest")
	}
	return s
}

func (d *decoder) succinct(n node, keys map[string]Key) *SuccinctRoles {
	s := &SuccinctRoles{}
	var k keyholders
	d.object(n, func(field string, v node) {
		switch field {
		case "bit_length":
			s.BitLength = d.count(v, 32)
		case "name_prefix":
			s.NamePrefix = d.text(v)
			d.roleName(s.NamePrefix)
		default:
			if !k.decode(d, field, v) {
				d.other(v, field, "keyids", "threshold", "bit_length", "name_prefix")
			}
		}
	})
	if s.BitLength == 0 {
		d.missing("bit_length")
	}
	if s.NamePrefix == "" {
		d.missing("name_prefix")
	}
	s.RoleKeys = k.checked(d, keys)
	return s
}
