package ceremony

import "time"

// CheckSet is the check of a set of which nothing is published yet.
func CheckSet(set *OfflineSet, until time.Time) (Checked, error) { return checkSet(set, nil, until) }
