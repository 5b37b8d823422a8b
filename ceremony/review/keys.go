package review

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// voteFacts are the threshold of a role and a line for each of its keys, by
// its holder's name: a holder with a new token is a change of that line.
func (v View) voteFacts(role string, a trust.Authority) []fact {
	field := exact(role) + ": "
	owners := map[string]int{}
	for _, id := range a.Who.KeyIDs {
		owners[called(a, role, id)]++
	}
	var keys []fact
	for _, id := range a.Who.KeyIDs {
		f := v.keyFact(role, a, id)
		f.field = field + f.owner
		if owners[f.owner] > 1 {
			f.field += fmt.Sprintf(" %.8s", id)
		}
		keys = append(keys, f)
	}
	slices.SortFunc(keys, func(x, y fact) int {
		return cmp.Or(strings.Compare(x.field, y.field), strings.Compare(x.whole, y.whole))
	})
	list := append([]fact{thresholdFact(field, a.Who)}, keys...)
	if !slices.IsSorted(a.Who.KeyIDs) { // as writers leave them, the order says nothing
		ids := make([]string, len(a.Who.KeyIDs))
		for i, id := range a.Who.KeyIDs {
			ids[i] = exactPath(id)
		}
		list = append(list, fact{field: field + "order of keys", value: shortened(ids), whole: strings.Join(ids, ", ")})
	}
	return list
}

// shortened lists keyids by their beginnings.
func shortened(ids []string) string {
	short := make([]string, len(ids))
	for i, id := range ids {
		short[i] = fmt.Sprintf("%.8s", id)
	}
	return strings.Join(short, ", ")
}

func thresholdFact(field string, who metadata.RoleKeys) fact {
	n := int64(who.Threshold)
	return fact{
		field:  field + "threshold",
		value:  fmt.Sprintf("%d of %d", who.Threshold, len(who.KeyIDs)),
		number: n,
		note: func(before fact) string {
			return lessThan(n, before.number, "fewer signatures are needed than before")
		},
	}
}

// called is whose key it is, in a review, where nobody's name may pass for no name.
func called(a trust.Authority, role, keyid string) string {
	name := a.Holders[keyid]
	switch {
	case name == "":
		return a.Owner(role, keyid)
	case name == "online key", name == "threshold", strings.HasPrefix(name, "key "), strings.HasPrefix(name, "order "), strings.HasPrefix(name, `"`):
		return quoted(name)
	}
	return exact(name)
}

// keyFact says whose key it is, what is known of its hardware, and its
// fingerprint, so that a keyid that stays while the key changes is seen.
func (v View) keyFact(role string, a trust.Authority, id string) fact {
	key := a.Keys[id]
	strict := trust.StrictID(key, id)
	var parts []string
	if !trust.IsOnline(role) {
		hw := v.Hardware(strict, key)
		if hw.Serial != "" {
			parts = append(parts, "token "+text.Safe(hw.Serial))
		}
		parts = append(parts, hw.Text)
	}
	known := strings.Join(append(parts, ""), ", ")
	return fact{
		value: known + fmt.Sprintf("key %.8s, ", exactPath(id)) + keyKind(key, id, 8, 32),
		whole: known + "key " + exactPath(id) + ", " + keyKind(key, id, 64, 64),
		key:   role + " " + strict,
		owner: called(a, role, id),
		note: func(before fact) string {
			if before.key == role+" "+strict {
				return "the key is the same, and is written down in another way"
			}
			if strings.Contains(before.whole, "key "+exactPath(id)+", ") {
				return "the keyid is the same, and the key is another one"
			}
			return ""
		},
	}
}

// keyKind says what a key is, with so many digits of the keyid that it should
// have and of its fingerprint. Oddities are those of adopted metadata.
func keyKind(k metadata.Key, id string, idDigits, printDigits int) string {
	kind := exact(k.Scheme)
	switch k.Type {
	case "ecdsa", "ed25519":
	default:
		kind += " of type " + exact(k.Type)
	}
	if hash := k.ID(); hash != id {
		kind += fmt.Sprintf(", which by its content is key %.*s", idDigits, hash)
	}
	fp, err := k.Fingerprint()
	if err != nil {
		return kind + ", which can't be read"
	}
	return fmt.Sprintf("%s, fingerprint %.*s", kind, printDigits, fp)
}

// idleFacts are keys that stand there and have no vote.
func idleFacts(keys map[string]metadata.Key, voting map[string]bool) []fact {
	var list []fact
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		if !voting[id] {
			list = append(list, fact{field: "key " + exactPath(id), value: "in no role; " + keyKind(keys[id], id, 8, 32), whole: keyKind(keys[id], id, 64, 64)})
		}
	}
	return list
}

// nameFacts are the names of keys that are not named elsewhere: the file gives
// them a name and no role.
func nameFacts(s *metadata.Signed, voting map[string]bool) []fact {
	if s.Conclave == nil || s.Conclave.Holders == nil {
		return nil
	}
	if len(s.Conclave.Holders) == 0 {
		return []fact{{field: "holders", value: "a list without a name"}}
	}
	var list []fact
	for _, id := range slices.Sorted(maps.Keys(s.Conclave.Holders)) {
		if !voting[id] {
			list = append(list, fact{field: "name of key " + exactPath(id), value: exact(s.Conclave.Holders[id]) + ", a key without a role"})
		}
	}
	return list
}

// votingIn is the keyids that have a role in s.
func votingIn(s *metadata.Signed) map[string]bool {
	voting := map[string]bool{}
	note := func(who metadata.RoleKeys) {
		for _, id := range who.KeyIDs {
			voting[id] = true
		}
	}
	if s.Root != nil {
		for _, who := range s.Root.Roles {
			note(who)
		}
	}
	if s.Targets != nil && s.Targets.Delegations != nil {
		for _, r := range s.Targets.Delegations.Roles {
			note(r.RoleKeys)
		}
		if bins := s.Targets.Delegations.Succinct; bins != nil {
			note(bins.RoleKeys)
		}
	}
	return voting
}
