package trusttest

import (
	"fmt"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Bins is what the offline roles come to with 2 to the power of bits hash bins:
// succinct ones, or delegations by path_hash_prefixes for clients that don't
// know those. One holder alone holds the bins, which vouch for nothing. The
// trust stays as it is.
func (x *Trust) Bins(bits int, succinct bool) *trust.Set {
	x.t.Helper()
	holder := x.holders[0]
	held := metadata.RoleKeys{KeyIDs: []string{holder.Public().ID()}, Threshold: 1}
	d := &metadata.Delegations{Keys: map[string]metadata.Key{holder.Public().ID(): holder.Public()}}
	names := &metadata.SuccinctRoles{RoleKeys: held, BitLength: bits, NamePrefix: "bin"}
	if succinct {
		d.Succinct = names
	}
	set := *x.Offline()
	set.Delegated = map[string]*metadata.File{}
	bin, err := metadata.EncodeTargets(metadata.Header{Version: 1, Expires: x.founded.Add(80 * 24 * time.Hour), Conclave: &metadata.Conclave{Trust: x.Name}},
		metadata.Targets{Targets: map[string]metadata.Target{}})
	file := x.file(bin, err, 1)
	for n := range names.Bins() {
		set.Delegated[names.Name(n)] = file
		if !succinct {
			d.Roles = append(d.Roles, metadata.DelegatedRole{Name: names.Name(n), RoleKeys: held, PathHashPrefixes: []string{fmt.Sprintf("%0*x", (bits+3)/4, n)}})
		}
	}
	targets := metadata.Targets{Targets: x.targets.Targets, Delegations: d}
	header := x.header("targets", 90*24*time.Hour)
	signed, err := metadata.EncodeTargets(header, targets)
	set.Targets = x.file(signed, err, len(x.holders))
	return &set
}

// file is signed by that many holders.
func (x *Trust) file(signed []byte, err error, holders int) *metadata.File {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	if err != nil {
		x.t.Fatal(err)
	}
	var signatures []metadata.Signature
	for _, k := range x.holders[:holders] {
		signatures = append(signatures, x.signature(k, body.Payload))
	}
	f, err := metadata.ParseFile(metadata.Assemble(signed, signatures), metadata.Strict)
	if err != nil {
		x.t.Fatal(err)
	}
	return f
}

// HashBins proposes the next targets, which delegates to two bins by
// path_hash_prefixes, and version 1 of each of them; all holders hold them.
func (x *Trust) HashBins() {
	x.t.Helper()
	held := x.root.Roles["targets"]
	halves := &metadata.SuccinctRoles{BitLength: 1, NamePrefix: "bin"}
	x.Targets(func(t *metadata.Targets) {
		t.Delegations = &metadata.Delegations{Keys: map[string]metadata.Key{}}
		for _, id := range held.KeyIDs {
			t.Delegations.Keys[id] = x.root.Keys[id]
		}
		for n := range halves.Bins() {
			t.Delegations.Roles = append(t.Delegations.Roles, metadata.DelegatedRole{Name: halves.Name(n), RoleKeys: held, PathHashPrefixes: halves.HashPrefixes(n)})
		}
	})
	for n := range halves.Bins() {
		x.UpdateWith(halves.Name(n), map[string][]byte{halves.Name(n): nil}) // no two payloads are the same
	}
}
