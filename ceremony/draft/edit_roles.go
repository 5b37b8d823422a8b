package draft

import (
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Edits of what root says of a role.
type (
	// SetThreshold changes how many keys must sign a role.
	SetThreshold struct {
		Role      string `json:"role"`
		Threshold int    `json:"threshold"`
	}
	// Renew makes a role good for that many days from the freezing.
	Renew struct {
		Role string `json:"role"`
		Days int    `json:"days"`
	}
	// SetOnlineKey replaces the keys of snapshot or timestamp.
	SetOnlineKey struct {
		Role string       `json:"role"`
		Key  metadata.Key `json:"key"`
	}
)

func (SetThreshold) kind() string { return "set-threshold" }
func (Renew) kind() string        { return "renew" }
func (SetOnlineKey) kind() string { return "set-online-key" }

func (e SetThreshold) String() string {
	return fmt.Sprintf("%s needs %s", text.Safe(e.Role), text.Count(e.Threshold, "signature"))
}
func (e Renew) String() string {
	return fmt.Sprintf("%s is good for %s", text.Safe(e.Role), text.Count(e.Days, "day"))
}
func (e SetOnlineKey) String() string {
	return fmt.Sprintf("%s is signed with the online key %.8s", text.Safe(e.Role), e.Key.ID())
}

func (e SetThreshold) apply(d *Draft) error {
	list := d.entries(e.Role)
	if len(list) == 0 {
		return cannot(e, "there is no role of that name")
	}
	if err := checkThreshold(e, e.Threshold); err != nil {
		return err
	}
	for _, place := range list {
		place.who.Threshold = e.Threshold
	}
	d.touchKeys(e.Role)
	return nil
}

func (e Renew) apply(d *Draft) error {
	if !d.signedByHolders(e.Role) {
		return cannot(e, "there is no role of that name that holders sign")
	}
	if e.Days < 1 || e.Days > MaxDays {
		return cannot(e, "a role is good for 1 to %d days", MaxDays)
	}
	for _, role := range d.own(e.Role) {
		d.days[role] = e.Days
		d.touch(role)
	}
	return nil
}

func (e SetOnlineKey) apply(d *Draft) error {
	if !trust.IsOnline(e.Role) {
		return cannot(e, "only snapshot and timestamp are signed online")
	}
	who := d.keyholders(e.Role)
	for _, id := range slices.Clone(who.KeyIDs) {
		d.removeKey(e.Role, id)
	}
	who.Threshold = 1
	d.addKey(e.Role, "", e.Key)
	return nil
}

// maxThreshold is beyond what anybody means.
const maxThreshold = 99

func checkThreshold(e Edit, threshold int) error {
	if threshold < 1 || threshold > maxThreshold {
		return wrong(e, "threshold", "a threshold is at least 1, and at most %d", maxThreshold)
	}
	return nil
}
