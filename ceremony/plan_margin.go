package ceremony

// MarginOf is how long before an expiry the next version is to be signed, in
// days, by the plan of the founding; false where no journal has one that says it.
func MarginOf(journals []SiteJournal) (days int, ok bool) {
	for _, e := range journalled[planned](journals) {
		if plan, err := ParsePlan([]byte(e.what.Plan), e.what.fileBytes()); err == nil && plan.Margin > 0 {
			return Days(plan.Margin), true
		}
	}
	return 0, false
}
