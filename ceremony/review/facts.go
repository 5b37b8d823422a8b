package review

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// fact is one thing that a payload says. Two versions differ in the facts whose
// values differ. Together with the targets, all facts of a payload say all of
// it: two payloads with the same facts are the same payload.
type fact struct {
	field, value string
	whole        string // value without abridgement; "" where nothing is abridged
	number       int64  // what note looks at
	key          string // of a key's vote: the role and the key, whoever's it is
	owner        string // of a key's vote: whose it is
	note         func(before fact) string
}

// facts reads a payload, but for its targets, into the lines of a review; all
// strings are safe, and no two facts have the same field.
func (v View) facts(s *metadata.Signed) []fact {
	if s == nil {
		return nil
	}
	list := []fact{v.expiryFact(s), {field: "TUF version", value: exact(s.SpecVersion)}}
	if s.Conclave != nil {
		list = append(list, fact{field: "trust", value: exact(s.Conclave.Trust)})
		if s.Conclave.Role != "" {
			list = append(list, fact{field: roleField, value: exact(s.Conclave.Role)})
		}
	}
	switch {
	case s.Root != nil:
		list = append(list, v.rootFacts(s)...)
	case s.Targets != nil && s.Targets.Delegations != nil:
		list = append(list, v.delegationFacts(s)...)
	}
	list = append(list, nameFacts(s, votingIn(s))...)
	for _, u := range s.Unknown {
		list = append(list, fact{field: "unknown field " + unknownPath(u), value: exactJSON(u.Value)})
	}
	return distinct(list)
}

// roleField is the field of the role that a payload says to be of.
const roleField = "role"

// expiryFact is the expiry as a date and in days from now.
func (v View) expiryFact(s *metadata.Signed) fact {
	form := "2006-01-02 15:04 UTC"
	if s.Expires.Second() != 0 {
		form = "2006-01-02 15:04:05 UTC"
	}
	days := text.Days(s.Expires.Sub(v.Now))
	when := "in " + text.Count(days, "day")
	if s.Expires.Before(v.Now) {
		when = text.Count(-days, "day") + " ago"
	}
	return fact{
		field: "expires", value: s.Expires.UTC().Format(form) + ", " + when, number: s.Expires.Unix(),
		note: func(before fact) string {
			return lessThan(s.Expires.Unix(), before.number, "it expires earlier than before")
		},
	}
}

// unknownPath is where an unknown field stands. Its parts can hold anything.
func unknownPath(u metadata.Unknown) string {
	parts := make([]string, len(u.Path))
	for i, p := range u.Path {
		parts[i] = exactPath(p)
		if p == "" || strings.ContainsAny(p, `."`) {
			parts[i] = quoted(p)
		}
	}
	return strings.Join(parts, ".")
}

// distinct numbers fields that would be the same, such as a holder's whose name
// is that of a field.
func distinct(list []fact) []fact {
	taken := make(map[string]bool, len(list))
	for i := range list {
		name := list[i].field
		for n := 2; taken[list[i].field]; n++ {
			list[i].field = fmt.Sprintf("%s (%d)", name, n)
		}
		taken[list[i].field] = true
	}
	return list
}

func (v View) rootFacts(s *metadata.Signed) []fact {
	consistent := "no"
	if s.Root.ConsistentSnapshot {
		consistent = "yes"
	}
	list := []fact{{field: "consistent snapshot", value: consistent}}
	for _, role := range orderedRoles(s.Root.Roles) {
		list = append(list, v.voteFacts(role, trust.RootAuthority("", s, role))...)
	}
	return append(list, idleFacts(s.Root.Keys, votingIn(s))...)
}

// orderedRoles gives root first and the online roles last.
func orderedRoles(roles map[string]metadata.RoleKeys) []string {
	return slices.SortedFunc(maps.Keys(roles), func(a, b string) int {
		rank := map[string]int{"root": 1, "targets": 2, "snapshot": 3, "timestamp": 4}
		if rank[a] != rank[b] {
			return rank[a] - rank[b]
		}
		return strings.Compare(a, b)
	})
}

func lessThan(now, before int64, note string) string {
	if now < before {
		return note
	}
	return ""
}

// differences pairs the facts of two versions by what they speak of.
func differences(before, after []fact) []Change {
	old, called := map[string]fact{}, map[string]fact{}
	for _, f := range before {
		old[f.field] = f
		if f.key != "" {
			called[f.key] = f
		}
	}
	now := make(map[string]bool, len(after))
	for _, f := range after {
		now[f.field] = true
	}
	var list []Change
	for _, f := range after {
		b, was := old[f.field]
		if !was && f.key != "" { // the same key may have had another owner
			if b, was = called[f.key]; was && !now[b.field] {
				delete(old, b.field)
				list = append(list, Change{Field: f.field, Before: b.owner + ", " + b.value, After: f.owner + ", " + f.value,
					Note: "the key is the same and has another name than before"})
				continue
			}
			was = false
		}
		delete(old, f.field)
		if ch, differs := f.since(b, was); differs {
			list = append(list, ch)
		}
	}
	for _, f := range before {
		if _, gone := old[f.field]; gone {
			list = append(list, Change{Field: f.field, Before: f.value, Note: "removed"})
		}
	}
	return list
}

// since is what changed of a fact, if anything.
func (f fact) since(before fact, was bool) (ch Change, differs bool) {
	if !was {
		return Change{Field: f.field, After: f.value}, true
	}
	if before.value == f.value && before.whole == f.whole {
		return Change{}, false
	}
	ch = Change{Field: f.field, Before: before.value, After: f.value}
	if before.value == f.value {
		ch.Before, ch.After = before.whole, f.whole
	}
	if f.note != nil {
		ch.Note = f.note(before)
	}
	return ch, true
}
