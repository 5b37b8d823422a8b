package plan

import (
	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// MarginIn is how long before an expiry the next version is to be signed, in
// days, by the plan of the founding; false where no journal has one that says it.
func MarginIn(journals []trust.SiteJournal) (days int, ok bool) {
	for _, e := range event.In[event.Planned](journals) {
		if plan, err := Parse([]byte(e.Event.Plan), e.Event.FileBytes()); err == nil && plan.Margin > 0 {
			return text.Days(plan.Margin), true
		}
	}
	return 0, false
}
