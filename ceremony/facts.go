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
		list = append(list, thresholdFact(role, s.Root.Roles[role]))
		list = append(list, c.keyFacts(role, rootAuthority("", s, role))...)
	}
	return list
}

// keyFacts has a line for each key, by its holder's name: a holder with a new
// token is a change of that line.
func (c *Ceremony) keyFacts(role string, a authority) []fact {
	keys := map[string]int{} // by name
	for _, id := range a.who.KeyIDs {
		keys[a.owner(role, id)]++
	}
	var list []fact
	for _, id := range a.who.KeyIDs {
		field := Safe(role) + ": " + a.owner(role, id)
		if keys[a.owner(role, id)] > 1 {
			field += fmt.Sprintf(" %.8s", id)
		}
		list = append(list, fact{field: field, value: c.keyValue(role, a, id)})
	}
	slices.SortFunc(list, func(x, y fact) int { return strings.Compare(x.field, y.field) })
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

// owner is who has the key, in a review.
func (a authority) owner(role, keyid string) string {
	if isOnline(role) && a.holders[keyid] == "" {
		return "online key"
	}
	return a.name(keyid)
}

// keyValue says what kind of key it is, what is known of its hardware, and its
// fingerprint, so that a keyid that stays while the key changes is seen.
func (c *Ceremony) keyValue(role string, a authority, id string) string {
	key := a.keys[id]
	var parts []string
	if !isOnline(role) {
		hw := c.hardware(id, key)
		if hw.serial != "" {
			parts = append(parts, "token "+hw.serial)
		}
		parts = append(parts, hw.text)
	}
	return strings.Join(append(parts, fmt.Sprintf("key %.8s", id), keyKind(key)), ", ")
}

func keyKind(k metadata.Key) string {
	fp, err := k.Fingerprint()
	if err != nil {
		return Safe(k.Scheme) + ", which can't be read"
	}
	return fmt.Sprintf("%s, fingerprint %.16s", Safe(k.Scheme), fp)
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
			list = append(list, fact{field: fmt.Sprintf("%s: key %.8s", Safe(d.Name), id), value: keyKind(t.Delegations.Keys[id])})
		}
	}
	if s := t.Delegations.Succinct; s != nil {
		list = append(list, thresholdFact(s.NamePrefix+"-*", s.Keyholders),
			fact{field: Safe(s.NamePrefix) + ": bins", value: fmt.Sprint(1 << s.BitLength)})
	}
	return list
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
