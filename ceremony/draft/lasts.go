package draft

import (
	"time"
)

// How long a new version is good where nothing says so.
const (
	day = 24 * time.Hour

	rootLasts    = 365 * day
	targetsLasts = 180 * day
)

// A version is good for a day at the least, and for ten years at the most.
const (
	MaxDays   = 3660
	MinPeriod = day
	MaxPeriod = MaxDays * day
)

// lasts is how long the new version of a role is good, from its freezing: as an
// edit says, else as the role's versions are. A delegated role of which nothing
// is known is as good as targets.
func (d *Draft) lasts(role string) time.Duration {
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

func (d *Draft) period(role string) time.Duration {
	if lasts, known := d.Periods(role, d.Base(role)); known {
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
