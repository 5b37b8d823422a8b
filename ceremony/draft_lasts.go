package ceremony

import (
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// How long a new version is good where nothing says so.
const (
	rootLasts    = 365 * day
	targetsLasts = 180 * day
)

// lasts is how long the new version of a role is good, from its freezing: as an
// edit says, else as the role's versions are. A delegated role of which nothing
// is known is as good as targets.
func (d *draft) lasts(role string) time.Duration {
	if days := d.days[role]; days > 0 {
		return time.Duration(days) * day
	}
	if b := d.binsWith(role); b != nil {
		role = b.parent // what is read as one list ends at one time
	}
	if _, known := d.lasting[role]; !known {
		d.lasting[role] = d.period(role)
	}
	return d.lasting[role]
}

func (d *draft) period(role string) time.Duration {
	if lasts, known := d.periods(role, d.baseOf(role)); known {
		return lasts
	}
	switch role {
	case "root":
		return rootLasts
	case "targets":
		return targetsLasts
	}
	return d.lasts("targets")
}

// period is what the plan says of a role. Where there is no plan it is how long
// the version before was good from its freezing, if that is known.
func (c *Ceremony) period(role string, base *metadata.File) (time.Duration, bool) {
	plan := c.state.plan
	switch {
	case plan != nil && role == "root":
		return plan.Root.Expires, true
	case plan != nil && role == "targets":
		return plan.Targets.Expires, true
	case base == nil:
		return 0, false
	}
	lasted := base.Expires.Sub(c.frozenAt(base.Digest()))
	return lasted, minPeriod <= lasted && lasted <= maxPeriod
}

// frozenAt is when a payload was frozen, here or at a site whose journal is
// here; zero where no journal knows.
func (c *Ceremony) frozenAt(id metadata.Digest) time.Time {
	contents, err := c.Contents()
	if err != nil {
		return time.Time{}
	}
	for _, e := range journalled[frozen](contents) {
		for _, p := range e.event.Payloads {
			if p.Payload == id {
				return e.at
			}
		}
	}
	return time.Time{}
}

// MarginOf is how long before an expiry the next version is to be signed, in
// days, by the plan of the founding; false where no journal has one that says it.
func MarginOf(c Contents) (days int, ok bool) {
	for _, e := range journalled[planned](c) {
		if plan, err := e.event.plan(); err == nil && plan.Margin > 0 {
			return int(plan.Margin / day), true
		}
	}
	return 0, false
}

// journalledEvent is an event that a journal tells of.
type journalledEvent[E event] struct {
	at    time.Time
	event E
}

// journalled has the events of one kind in all journals that can be read, each in its order.
func journalled[E event](c Contents) []journalledEvent[E] {
	var list []journalledEvent[E]
	for _, j := range c.Journals {
		entries, _, err := ReadJournal(j.Lines)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			var kind E
			if entry.Type != kind.kind() {
				continue
			}
			if e, err := strictly[E](entry.Data); err == nil {
				list = append(list, journalledEvent[E]{entry.Time, e})
			}
		}
	}
	return list
}
