package draft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Error says why a draft can't be frozen as it is. Nothing was frozen.
type Error struct{ Err error }

func (e *Error) Error() string { return e.Err.Error() + ": nothing was frozen" }
func (e *Error) Unwrap() error { return e.Err }

func unfreezable(format string, args ...any) error {
	return &Error{fmt.Errorf(format, args...)}
}

// Problem says why the draft can't be frozen, whoever is still to enrol a token:
// a *Error; nil where it can.
func (d *Draft) Problem() error {
	if err := d.unreachable(); err != nil {
		return err
	}
	if _, err := d.Unsignable(); err != nil {
		return &Error{err}
	}
	return nil
}

// unreachable says why the old root's holders could not give the new root
// their signatures (TUF 5.3.4): too many of their tokens are lost.
func (d *Draft) unreachable() error {
	if !d.touched["root"] || d.Base("root") == nil {
		return nil
	}
	threshold, left, can := d.oldRoot()
	if len(left) >= threshold {
		return nil
	}
	version := d.Base("root").Version
	if can < threshold {
		return unfreezable("root %d needs %s by keys of root %d, and only %d of these can sign here: no token here holds an RSA key, or one of an unknown kind. Whoever has these keys first has to make a root %d, elsewhere, whose other keys reach the threshold",
			version+1, text.Count(threshold, "signature"), version, can, version+1)
	}
	return unfreezable("root %d needs %s by keys of root %d, and with the tokens that are lost only %d can be given: this trust can't be changed any more, a new one has to be founded",
		version+1, text.Count(threshold, "signature"), version, len(left))
}

// oldRoot is how many keys of the root before have to sign the new one, the
// names of those that can and whose tokens are not lost, and how many could
// before any was lost.
func (d *Draft) oldRoot() (threshold int, left []string, can int) {
	old := trust.Authority{Who: d.Base("root").Root.Roles["root"], Keys: d.Base("root").Root.Keys, Holders: map[string]string{}}
	seen := map[string]bool{} // one key has one vote, also under two keyids
	for _, id := range old.Who.KeyIDs {
		strict := d.renamed[id]
		if seen[strict] || !old.Keys[id].CanSign() {
			continue
		}
		seen[strict], can = true, can+1
		if !d.lostKeys[strict] {
			old.Holders[id] = d.before[strict]
			left = append(left, old.Name(id))
		}
	}
	slices.Sort(left)
	return old.Who.Threshold, left, can
}

// Unsignable says which role of what the draft comes to has too few keys, or too
// few that can sign it, those counted that are still to be enrolled.
func (d *Draft) Unsignable() (role string, err error) {
	for _, role := range d.roles() {
		if err := d.roleProblem(role); err != nil {
			return role, err
		}
	}
	return "", nil
}

// changedKeys are the roles whose keys stand in a payload that the draft makes.
func (d *Draft) changedKeys() []string {
	return slices.DeleteFunc(d.roles(), func(role string) bool { return !d.touched[d.parent(role)] })
}

// Warnings are what is signed anew besides, what is left without a spare, and what clients make of
// a delegation that goes.
func (d *Draft) Warnings() []string {
	list := d.alongWords()
	for _, role := range d.changed() {
		list = append(list, d.keptWords(role)...)
	}
	if base := d.Base("root"); base != nil && d.touched["root"] {
		if threshold, left, _ := d.oldRoot(); len(left) == threshold {
			list = append(list, fmt.Sprintf("Every token of root %d that is left has to sign root %d (%s): with one more lost, this trust can't be changed any more.",
				base.Version, base.Version+1, strings.Join(left, ", ")))
		}
	}
	for _, role := range d.changedKeys() {
		if who := d.keyholders(role); d.targets[role] != nil && len(who.KeyIDs) == who.Threshold {
			list = append(list, trust.NoSpare(role, d.parent(role)))
		}
	}
	for _, parent := range d.delegators() {
		if b := d.bins[parent]; b != nil && b.prefixes && d.touched[parent] {
			list = append(list, fmt.Sprintf("The bins %s are delegated to by path_hash_prefixes: go-tuf up to 2.4.2 compares these with another spelling of the hash, and finds none of their targets.", text.Safe(b.role())))
		}
	}
	for _, role := range d.gone {
		list = append(list, fmt.Sprintf("Clients refuse a snapshot that drops a role, so the uploader goes on listing the last version of %s. The name can't be used again.", text.Safe(role)))
	}
	return list
}
