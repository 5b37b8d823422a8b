package draft

import (
	"fmt"
	"maps"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// takeAlong gives a new version to every role that would not stand any more
// under what the draft makes of the roles above it. That is so in a trust that
// others made: new versions have the keyids that strict clients expect, and name
// the trust, and what was signed before knows neither. And to every role above one
// that gets a new version, where go-tuf's client would not come from it to that:
// no bundle that it refuses leaves the room.
func (d *Draft) takeAlong() {
	for again := true; again; {
		again = false
		for _, role := range d.roles() {
			if why := d.blocks(role); why != nil {
				maps.Copy(d.along, why)
				for above := range why {
					d.touch(above)
				}
				again = true
			}
			for _, own := range d.own(role) {
				if d.touched[own] {
					continue
				}
				if why := d.falls(role, own); why != "" {
					d.touch(own)
					d.along[role], again = why, true
				}
			}
		}
	}
}

// blocks says which roles above role have to get a new version with it, and why:
// go-tuf's client gives up at what they say today.
func (d *Draft) blocks(role string) map[string]string {
	own := d.own(role)
	at := slices.IndexFunc(own, func(name string) bool { return d.touched[name] })
	if at < 0 || role == "root" {
		return nil
	}
	why := map[string]string{}
	add := func(above string, err error) {
		if base := d.Base(above); err != nil {
			why[above] = fmt.Sprintf("go-tuf's client can't go on from %s %d (%s)", text.Safe(above), base.Version, text.Safe(err.Error()))
		}
	}
	if root := d.Base("root"); root != nil && !d.touched["root"] {
		add("root", trust.GoTUFStops(root, "", nil))
	}
	for _, e := range d.entries(role) {
		if above := d.Base(e.parent); above != nil && !d.touched[e.parent] && why[e.parent] == "" {
			add(e.parent, trust.GoTUFStops(above, own[at], d.Base(own[at])))
		}
	}
	if len(why) == 0 {
		return nil
	}
	return why
}

// falls says why the version of own that is there would not stand any more; ""
// where it would. Who signs it is what is said of role.
func (d *Draft) falls(role, own string) string {
	base := d.Base(own)
	if base == nil || own == "root" {
		return ""
	}
	mustName := own == "targets" || base.Conclave != nil // a delegated role may name none
	if root := d.Base("root"); d.touched["root"] && root != nil && mustName && base.Trust() != d.base.Trust {
		return fmt.Sprintf("root %d names the trust %s, and it does not", root.Version+1, text.Safe(d.base.Trust))
	}
	for _, e := range d.entries(role) {
		above := d.Base(e.parent)
		if !d.touched[e.parent] || above == nil || saidBefore(above.Signed, own, e) {
			continue
		}
		if count := metadata.Quorum(*e.who, e.keys, base.Payload, base.Signatures); !count.Met() {
			return fmt.Sprintf("%s %d gives its keys the keyids that strict clients expect, and only %d of the %d signatures that it needs would count",
				text.Safe(e.parent), above.Version+1, len(count.Valid), e.who.Threshold)
		}
	}
	return ""
}

// saidBefore says whether the version before says the same of who signs role.
func saidBefore(above *metadata.Signed, role string, e entry) bool {
	who, keys, ok := above.Signers(role)
	return ok && who.Threshold == e.who.Threshold && slices.Equal(slices.Sorted(slices.Values(who.KeyIDs)), slices.Sorted(slices.Values(e.who.KeyIDs))) &&
		!slices.ContainsFunc(who.KeyIDs, func(id string) bool { return keys[id].ID() != e.keys[id].ID() })
}

// alongWords say which roles are signed anew although no edit is about them, and
// by whom.
func (d *Draft) alongWords() []string {
	var list []string
	for _, role := range slices.Sorted(maps.Keys(d.along)) {
		list = append(list, fmt.Sprintf("%s is signed anew as well, by %s: %s.", text.Safe(role), d.signers(role), d.along[role]))
	}
	return list
}
