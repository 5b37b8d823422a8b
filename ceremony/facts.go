package ceremony

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// fact is one thing that a payload says. Two versions differ in the facts whose
// values differ; compare says in words why a difference matters.
type fact struct {
	field, value string
	number       int64 // what compare looks at
	compare      func(before fact) string
}

// facts reads a payload into the lines of a review; all strings are safe.
func (c *Ceremony) facts(s *metadata.Signed) []fact {
	if s == nil {
		return nil
	}
	list := []fact{{field: "expires", value: s.Expires.UTC().Format("2006-01-02 15:04 UTC"), number: s.Expires.Unix(),
		compare: func(before fact) string {
			return lessThan(s.Expires.Unix(), before.number, "it expires earlier than before")
		}}}
	if s.Conclave != nil {
		list = append(list, fact{field: "trust", value: Safe(s.Conclave.Trust)})
	}
	switch {
	case s.Root != nil:
		list = append(list, c.rootFacts(s)...)
	case s.Targets != nil:
		list = append(list, targetsFacts(s.Targets)...)
	}
	for _, path := range s.Unknown {
		list = append(list, fact{field: "unknown field", value: Safe(path)})
	}
	return list
}

func (c *Ceremony) rootFacts(s *metadata.Signed) []fact {
	var list []fact
	if !s.Root.ConsistentSnapshot {
		list = append(list, fact{field: "consistent snapshot", value: "no"})
	}
	for _, role := range orderedRoles(s.Root.Roles) {
		who := s.Root.Roles[role]
		list = append(list, thresholdFact(role, who))
		a := rootAuthority("", s, role)
		for _, id := range who.KeyIDs {
			list = append(list, fact{field: fmt.Sprintf("%s: key %.8s", role, id), value: c.keyValue(a, id)})
		}
	}
	return list
}

func thresholdFact(role string, who metadata.Keyholders) fact {
	n := int64(who.Threshold)
	return fact{
		field:  Safe(role) + ": threshold",
		value:  fmt.Sprintf("%d of %d", who.Threshold, len(who.KeyIDs)),
		number: n,
		compare: func(before fact) string {
			return lessThan(n, before.number, "fewer signatures are needed than before")
		},
	}
}

func lessThan(now, before int64, note string) string {
	if now < before {
		return note
	}
	return ""
}

// orderedRoles gives root first and the online roles last.
func orderedRoles(roles map[string]metadata.Keyholders) []string {
	return slices.SortedFunc(maps.Keys(roles), func(a, b string) int {
		rank := map[string]int{"root": 1, "targets": 2, "snapshot": 3, "timestamp": 4}
		if rank[a] != rank[b] {
			return rank[a] - rank[b]
		}
		return strings.Compare(a, b)
	})
}

// keyValue says whose key it is, what kind, what is known of its hardware, and
// its fingerprint, so that a keyid that stays while the key changes is seen.
func (c *Ceremony) keyValue(a authority, id string) string {
	key := a.keys[id]
	parts := []string{"online key"}
	if a.holders[id] != "" {
		hw := c.hardware(id, key)
		parts = []string{a.name(id), hw.text}
		if hw.serial != "" {
			parts = []string{a.name(id), "token " + hw.serial, hw.text}
		}
	}
	print := "no fingerprint"
	if fp, err := key.Fingerprint(); err == nil {
		print = "fingerprint " + fp.String()[:16]
	}
	return strings.Join(append(parts, Safe(key.Scheme), print), ", ")
}

func targetsFacts(t *metadata.Targets) []fact {
	var list []fact
	for _, path := range slices.Sorted(maps.Keys(t.Targets)) {
		list = append(list, fact{field: "target " + Safe(path), value: targetValue(t.Targets[path])})
	}
	if t.Delegations == nil {
		return list
	}
	for _, d := range t.Delegations.Roles {
		list = append(list, thresholdFact(d.Name, d.Keyholders))
		list = append(list, fact{field: Safe(d.Name) + ": paths", value: Safe(strings.Join(append(slices.Clone(d.Paths), d.PathHashPrefixes...), " "))})
		if d.Terminating {
			list = append(list, fact{field: Safe(d.Name) + ": terminating", value: "yes"})
		}
		for _, id := range d.KeyIDs {
			list = append(list, fact{field: fmt.Sprintf("%s: key %.8s", Safe(d.Name), id), value: delegatedKeyValue(t.Delegations.Keys[id])})
		}
	}
	if s := t.Delegations.Succinct; s != nil {
		list = append(list, thresholdFact(s.NamePrefix+"-*", s.Keyholders),
			fact{field: Safe(s.NamePrefix) + ": bins", value: fmt.Sprint(1 << s.BitLength)})
	}
	return list
}

func delegatedKeyValue(k metadata.Key) string {
	if fp, err := k.Fingerprint(); err == nil {
		return fmt.Sprintf("%s, fingerprint %s", Safe(k.Scheme), fp.String()[:16])
	}
	return Safe(k.Scheme)
}

func targetValue(t metadata.Target) string {
	parts := []string{fmt.Sprintf("%d bytes", t.Length)}
	for _, name := range slices.Sorted(maps.Keys(t.Hashes)) {
		parts = append(parts, Safe(name)+":"+Safe(t.Hashes[name]))
	}
	if len(t.Custom) > 0 {
		parts = append(parts, "custom "+Safe(string(t.Custom)))
	}
	return strings.Join(parts, ", ")
}
