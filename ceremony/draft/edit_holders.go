package draft

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Edits of people and their tokens. Roles are root, targets and delegated roles;
// holders are named.
type (
	// AddHolder gives somebody new keys of roles. A token is enrolled.
	AddHolder struct {
		Holder string   `json:"holder"`
		Roles  []string `json:"roles"`
	}
	// ReplaceToken gives a holder a new token, in every role. Lost says that
	// the old one can't sign any more.
	ReplaceToken struct {
		Holder string `json:"holder"`
		Lost   bool   `json:"lost,omitempty"`
	}
	// RemoveHolder takes a holder out of every role.
	RemoveHolder struct {
		Holder string `json:"holder"`
		Lost   bool   `json:"lost,omitempty"`
	}
	// JoinRole gives somebody who has a key a vote in one more role.
	JoinRole struct {
		Holder string `json:"holder"`
		Role   string `json:"role"`
	}
	// LeaveRole takes somebody's vote in one role away.
	LeaveRole struct {
		Holder string `json:"holder"`
		Role   string `json:"role"`
	}
	// NameHolder says whose key an adopted one is. KeyID is as the newest root has it.
	NameHolder struct {
		KeyID  string `json:"keyid"`
		Holder string `json:"holder"`
	}
)

func (AddHolder) kind() string    { return "add-holder" }
func (ReplaceToken) kind() string { return "replace-token" }
func (RemoveHolder) kind() string { return "remove-holder" }
func (JoinRole) kind() string     { return "join-role" }
func (LeaveRole) kind() string    { return "leave-role" }
func (NameHolder) kind() string   { return "name-holder" }

func (e AddHolder) String() string {
	return fmt.Sprintf("%s joins %s", text.Safe(e.Holder), text.Safe(strings.Join(e.Roles, " and ")))
}
func (e ReplaceToken) String() string {
	return text.Safe(e.Holder) + " gets a new token" + lostWords(e.Lost)
}
func (e RemoveHolder) String() string { return text.Safe(e.Holder) + " leaves" + lostWords(e.Lost) }
func (e JoinRole) String() string {
	return text.Safe(e.Holder) + " signs " + text.Safe(e.Role) + " as well"
}
func (e LeaveRole) String() string {
	return text.Safe(e.Holder) + " does not sign " + text.Safe(e.Role) + " any more"
}
func (e NameHolder) String() string {
	return fmt.Sprintf("key %.8s is %s's", text.Safe(e.KeyID), text.Safe(e.Holder))
}

func lostWords(lost bool) string {
	if lost {
		return "; the old token is lost"
	}
	return ""
}

// newName refuses a name that is taken, or that could be mistaken for one. Who
// leaves with the same draft can come back under the old name.
func (d *Draft) newName(e Edit, name string) error {
	switch {
	case len(d.keysOf(name)) > 0:
		return cannot(e, "%s has a key already", text.Safe(name))
	case d.awaitsToken(name):
		return cannot(e, "%s joins already", text.Safe(name))
	}
	if err := text.CheckName("a holder", name); err != nil {
		return wrong(e, "name", "%v", err)
	}
	for _, other := range slices.Concat(d.Names(), d.missing, slices.Sorted(maps.Values(d.before))) {
		if other != name && text.Skeleton(other) == text.Skeleton(name) {
			return wrong(e, "name", "the name looks like %s", text.Safe(other))
		}
	}
	return nil
}

// keyOf returns the one key of somebody. ok is false for a token that is still
// to be enrolled.
func (d *Draft) keyOf(e Edit, holder string) (key metadata.Key, ok bool, err error) {
	switch ids := d.keysOf(holder); {
	case len(ids) == 1:
		return d.key(ids[0]), true, nil
	case len(ids) > 1:
		return key, false, cannot(e, "%s has %s, and one person has one vote", text.Safe(holder), text.Count(len(ids), "key"))
	case d.awaitsToken(holder):
		return key, false, nil
	}
	return key, false, cannot(e, "nobody called %s holds a key; let them join first", text.Safe(holder))
}

// signable refuses a role that no holder signs.
func (d *Draft) signable(e Edit, role string) error {
	if d.keyholders(role) == nil || trust.IsOnline(role) {
		return cannot(e, "%s is no role that holders sign", text.Safe(role))
	}
	return nil
}

func (e AddHolder) apply(d *Draft) error {
	if err := d.newName(e, e.Holder); err != nil {
		return err
	}
	if len(e.Roles) == 0 {
		return cannot(e, "%s has no role", text.Safe(e.Holder))
	}
	key, ok := d.newKey(e.Holder)
	for _, role := range e.Roles {
		if err := d.signable(e, role); err != nil {
			return err
		}
		d.join(role, e.Holder, key, ok)
	}
	return nil
}

// join gives a holder's key a vote in role, or notes that it gets one with the
// token that is still to be enrolled.
func (d *Draft) join(role, holder string, key metadata.Key, enrolled bool) {
	if !enrolled {
		d.keysToCome[role]++
		d.touchKeys(role)
		return
	}
	d.addKey(role, holder, key)
}

func (e ReplaceToken) apply(d *Draft) error {
	old := d.keysOf(e.Holder)
	if len(old) == 0 && !d.awaitsToken(e.Holder) {
		return cannot(e, "nobody of that name holds a key")
	}
	d.lose(old, e.Lost)
	key, ok := d.newKey(e.Holder)
	if !ok {
		return nil
	}
	for _, role := range d.roles() {
		for _, id := range old {
			if d.removeKey(role, id) {
				d.addKey(role, e.Holder, key)
			}
		}
	}
	return nil
}

func (e RemoveHolder) apply(d *Draft) error {
	old := d.keysOf(e.Holder)
	if len(old) == 0 {
		return cannot(e, "nobody of that name holds a key")
	}
	d.lose(old, e.Lost)
	for _, role := range d.roles() {
		for _, id := range old {
			d.removeKey(role, id)
		}
	}
	d.missing = slices.DeleteFunc(d.missing, func(name string) bool { return name == e.Holder })
	return nil
}

func (e JoinRole) apply(d *Draft) error {
	if err := d.signable(e, e.Role); err != nil {
		return err
	}
	key, ok, err := d.keyOf(e, e.Holder)
	if err != nil {
		return err
	}
	if ok && slices.Contains(d.keyholders(e.Role).KeyIDs, key.ID()) {
		return cannot(e, "that is so already")
	}
	d.join(e.Role, e.Holder, key, ok)
	return nil
}

func (e LeaveRole) apply(d *Draft) error {
	if err := d.signable(e, e.Role); err != nil {
		return err
	}
	left := false
	for _, id := range d.keysOf(e.Holder) {
		left = d.removeKey(e.Role, id) || left
	}
	if !left {
		return cannot(e, "%s has no key in %s", text.Safe(e.Holder), text.Safe(e.Role))
	}
	return nil
}

func (e NameHolder) apply(d *Draft) error {
	if err := d.newName(e, e.Holder); err != nil {
		return err
	}
	id, known := d.renamed[e.KeyID]
	switch {
	case !known:
		return cannot(e, "root has no such key")
	case d.owners[id] != "":
		return cannot(e, "it is %s's", text.Safe(d.owners[id]))
	}
	d.owners[id], d.before[id] = e.Holder, e.Holder
	d.touch("root")
	return nil
}
