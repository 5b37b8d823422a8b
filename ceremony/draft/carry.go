package draft

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Outlook is what can become of one role of a trust that others made.
type Outlook struct {
	Role    string   // safe to print, as are the others
	Next    int64    // the version that would be made
	By      string   // who would sign it: "2 of Ada, Bo, key 01234567"
	Along   []string // other roles that would be signed anew with it, and by whom: "targets by 1 of Ada"
	Kept    []string // what the next version takes over otherwise than as it stands, or not at all
	Problem string   // why the next version can't be made as things are; "" where it can
}

// Outlooks are what can become of base's root and targets, and of those roles
// below them that can't go on as they are. A freeze comes to the same, of a draft
// that does nothing but renew the role.
func Outlooks(base *trust.Set) []Outlook {
	d := New(base, Input{NameUsed: func(string) bool { return false }})
	var list []Outlook
	for _, role := range d.roles() {
		own := d.own(role)
		if len(own) == 0 || d.Base(own[0]) == nil {
			continue
		}
		d.touched, d.along = map[string]bool{}, map[string]string{}
		for _, name := range own {
			d.touch(name)
		}
		o := Outlook{Role: text.Safe(role), Next: d.Base(own[0]).Version + 1, By: d.signers(role)}
		err := d.roleProblem(role)
		if d.entries(role)[0].parent == "root" { // of what is below, there may be thousands
			d.takeAlong()
			for _, other := range slices.Sorted(maps.Keys(d.along)) {
				o.Along = append(o.Along, text.Safe(other)+" by "+d.signers(other))
			}
			err = d.Problem()
		}
		if refused := (*Error)(nil); errors.As(err, &refused) {
			err = refused.Err
		}
		if err != nil {
			o.Problem = err.Error()
		}
		for _, name := range own {
			o.Kept = append(o.Kept, d.keptWords(name)...)
		}
		if role == "root" || role == "targets" || o.Problem != "" || len(o.Kept) > 0 {
			list = append(list, o)
		}
	}
	return list
}

// signers say how many of whom sign a role: of its keys those that can, by name.
func (d *Draft) signers(role string) string {
	who := d.keyholders(role)
	a := trust.Authority{Keys: d.keysIn(role), Holders: d.owners}
	names := []string{}
	for _, id := range who.KeyIDs {
		if a.Keys[id].CanSign() {
			names = append(names, a.Owner(role, id))
		}
	}
	slices.Sort(names)
	return fmt.Sprintf("%d of %s", who.Threshold, strings.Join(names, ", "))
}

// roleProblem says why what the draft comes to has no use for a role: too few
// keys, or too few of them can sign what it makes anew; or a target has no hash.
func (d *Draft) roleProblem(role string) error {
	own := d.own(role)
	signed := slices.ContainsFunc(own, func(name string) bool { return d.touched[name] })
	for _, e := range d.entries(role) {
		if !d.touched[e.parent] && !signed && !trust.IsOnline(role) {
			continue
		}
		keys, can := len(e.who.KeyIDs)+d.keysToCome[role], d.keysToCome[role]
		for _, id := range e.who.KeyIDs {
			// None is an online key that a plan is still without; one whose holder is to enrol a token gives way to that.
			if key := e.keys[id]; key.CanSign() || key == (metadata.Key{}) || d.owners[id] != "" && d.awaitsToken(d.owners[id]) {
				can++
			}
		}
		switch {
		case keys < e.who.Threshold && trust.IsOnline(role):
			return fmt.Errorf("the role %s needs %s and would have only %s: give it a new online key",
				text.Safe(role), text.Count(e.who.Threshold, "signature"), text.Count(keys, "key"))
		case keys < e.who.Threshold:
			return fmt.Errorf("the role %s needs %s and would have only %s: let somebody join it, or lower its threshold",
				text.Safe(role), text.Count(e.who.Threshold, "signature"), text.Count(keys, "key"))
		case can < e.who.Threshold && trust.IsOnline(role):
			return fmt.Errorf("the role %s is signed with an RSA key, and the uploader has none: give it a new online key", text.Safe(role))
		case can < e.who.Threshold && signed:
			return fmt.Errorf("the role %s needs %s, and only %s of its keys can sign here: no token here holds an RSA key. Let somebody join it, or lower its threshold",
				text.Safe(role), text.Count(e.who.Threshold, "signature"), fmt.Sprint(can))
		}
	}
	for _, name := range own {
		if t := d.targets[name]; t != nil && d.touched[name] {
			for _, path := range slices.Sorted(maps.Keys(t.Targets)) {
				if hashes := t.Targets[path].Hashes; hashes["sha256"] == "" && hashes["sha512"] == "" {
					return fmt.Errorf("%s has no sha256 or sha512 of the target %s, and clients know no other: take the target out, or put its file in anew", text.Safe(name), text.Safe(path))
				}
			}
		}
	}
	return nil
}

// keptWords say what the next version of a role takes over otherwise than as it
// stands, or not at all.
func (d *Draft) keptWords(role string) []string {
	base := d.Base(role)
	if base == nil {
		return nil
	}
	next := fmt.Sprintf("%s %d", text.Safe(role), base.Version+1)
	var list []string
	for _, id := range slices.Sorted(maps.Keys(d.unusable[role])) {
		// Kept, it would make go-tuf and python-tuf refuse whatever its roles sign.
		list = append(list, fmt.Sprintf("Key %.8s can't be used (%s): it never had a vote here, and %s is without it. The others have to reach the threshold.",
			text.Safe(id), d.unusable[role][id], next))
	}
	keys := d.keys
	if role != "root" {
		keys = nil
		if t := d.targets[role]; t != nil && t.Delegations != nil {
			keys = t.Delegations.Keys
		}
	}
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		if !keys[id].CanSign() && d.voting(role, id) {
			list = append(list, fmt.Sprintf("Key %.8s is an RSA key: it stays in %s and goes on verifying, but nobody signs with it here. Whoever has it needs a token.",
				cmp.Or(text.Safe(d.owners[id]), id), next))
		}
	}
	if base.Targets == nil || d.targets[role] == nil {
		return list
	}
	var bare, less int
	for path, was := range base.Targets.Targets {
		now, ok := d.targets[role].Targets[path]
		switch {
		case !ok:
		case len(now.Hashes) < len(was.Hashes):
			less++
		case now.Hashes["sha256"] == "" && now.Hashes["sha512"] == was.Hashes["sha512"] && was.Hashes["sha512"] != "":
			bare++
		}
	}
	if bare > 0 {
		list = append(list, fmt.Sprintf("%s of %s by sha512 alone: so %s says it, too.", text.Count(bare, "target"), text.Safe(role), next))
	}
	if less > 0 {
		list = append(list, fmt.Sprintf("%s of %s with hashes other than sha256 and sha512, which not every client knows: %s is without these hashes.", text.Count(less, "target"), text.Safe(role), next))
	}
	return list
}
