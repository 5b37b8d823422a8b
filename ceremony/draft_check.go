package ceremony

import (
	"fmt"
	"slices"
	"strings"
)

// DraftError says why a draft can't be frozen as it is. Nothing was frozen.
type DraftError struct{ Err error }

func (e *DraftError) Error() string { return e.Err.Error() + ": nothing was frozen" }
func (e *DraftError) Unwrap() error { return e.Err }

func unfreezable(format string, args ...any) error {
	return &DraftError{fmt.Errorf(format, args...)}
}

// Problem says why the draft can't be frozen, whoever is still to enrol a token:
// a *DraftError; nil where it can.
func (d *draft) Problem() error {
	if err := d.unreachable(); err != nil {
		return err
	}
	if _, err := d.unsignable(); err != nil {
		return &DraftError{err}
	}
	return nil
}

// unreachable says why the old root's holders could not give the new root
// their signatures (TUF 5.3.4): too many of their tokens are lost.
func (d *draft) unreachable() error {
	if !d.touched["root"] || d.Base("root") == nil {
		return nil
	}
	threshold, left := d.oldRoot()
	if len(left) >= threshold {
		return nil
	}
	version := d.Base("root").Version
	return unfreezable("root %d needs %s by keys of root %d, and with the tokens that are lost only %d can be given: this trust can't be changed any more, a new one has to be founded",
		version+1, Count(threshold, "signature"), version, len(left))
}

// oldRoot is how many keys of the root before have to sign the new one, and the
// names of those whose tokens are not lost.
func (d *draft) oldRoot() (threshold int, left []string) {
	old := authority{who: d.Base("root").Root.Roles["root"], keys: d.Base("root").Root.Keys, holders: map[string]string{}}
	for _, id := range old.who.KeyIDs {
		if strict := d.renamed[id]; !d.lost[strict] {
			old.holders[id] = d.were[strict]
			left = append(left, old.name(id))
		}
	}
	slices.Sort(left)
	return old.who.Threshold, left
}

// unsignable says which role of what the draft comes to has too few keys, those
// counted that are still to be enrolled.
func (d *draft) unsignable() (role string, err error) {
	for _, role := range d.changedKeys() {
		who := d.keyholders(role)
		if n := len(who.KeyIDs) + d.joining[role]; n < who.Threshold {
			return role, fmt.Errorf("the role %s needs %s and would have only %s: let somebody join it, or lower its threshold",
				Safe(role), Count(who.Threshold, "signature"), Count(n, "key"))
		}
	}
	return "", nil
}

// changedKeys are the roles whose keys stand in a payload that the draft makes.
func (d *draft) changedKeys() []string {
	return slices.DeleteFunc(d.roles(), func(role string) bool { return !d.touched[d.parent(role)] })
}

// Warnings are what the draft leaves without a spare, and what clients make of
// a delegation that goes.
func (d *draft) Warnings() []string {
	var list []string
	if base := d.Base("root"); base != nil && d.touched["root"] {
		if threshold, left := d.oldRoot(); len(left) == threshold {
			list = append(list, fmt.Sprintf("Every token of root %d that is left has to sign root %d (%s): with one more lost, this trust can't be changed any more.",
				base.Version, base.Version+1, strings.Join(left, ", ")))
		}
	}
	for _, role := range d.changedKeys() {
		if who := d.keyholders(role); d.targets[role] != nil && len(who.KeyIDs) == who.Threshold {
			list = append(list, NoSpare(role, d.parent(role)))
		}
	}
	for _, parent := range d.delegators() {
		if b := d.bins[parent]; b != nil && b.prefixes && d.touched[parent] {
			list = append(list, fmt.Sprintf("The bins %s are delegated to by path_hash_prefixes: go-tuf up to 2.4.2 compares these with another spelling of the hash, and finds none of their targets.", Safe(b.role())))
		}
	}
	for _, role := range d.gone {
		list = append(list, fmt.Sprintf("Clients refuse a snapshot that drops a role, so the uploader goes on listing the last version of %s. The name can't be used again.", Safe(role)))
	}
	return list
}
