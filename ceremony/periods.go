package ceremony

import (
	"time"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

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
	return lasted, draft.MinPeriod <= lasted && lasted <= draft.MaxPeriod
}

// frozenAt is when a payload was frozen, here or at a site whose journal is
// here; zero where no journal knows.
func (c *Ceremony) frozenAt(id metadata.Digest) time.Time {
	contents, err := c.Contents()
	if err != nil {
		return time.Time{}
	}
	for _, e := range event.In[event.Frozen](contents.Journals) {
		for _, p := range e.Event.Payloads {
			if p.Payload == id {
				return e.At
			}
		}
	}
	return time.Time{}
}
