package ceremony

import (
	"errors"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// exportMargin is how long a finished set has to be good for when it leaves
// the room: the way to the uploader takes that long, and it asks for as much.
const exportMargin = 24 * time.Hour

// Handover gives everything that this site has to hand on, as Contents does,
// after a check that stands in the journal and leaves with the rest. Where all
// that is proposed has its signatures, the set must be one that strict clients
// and go-tuf's take; otherwise the error is an *ExportError. What still lacks
// signatures may travel, and Checked says what it lacks.
func (c *Ceremony) Handover() (trust.Contents, trust.Checked, error) {
	if len(c.state.proposals) == 0 && len(c.state.head) == 0 {
		return trust.Contents{}, trust.Checked{}, ErrNotNow
	}
	contents, err := c.Contents()
	if err != nil {
		return trust.Contents{}, trust.Checked{}, err
	}
	checked, err := trust.CheckContents(contents, c.now(), exportMargin)
	refused, isRefusal := errors.AsType[*trust.ExportError](err)
	if err != nil && !isRefusal {
		return trust.Contents{}, checked, err
	}
	ev := event.ExportChecked{Open: checked.Open, Verified: checked.Verified, From: checked.From, Notes: checked.Notes}
	if isRefusal {
		ev.Refused = refused.Error()
	}
	if err := c.append(ev); err != nil {
		return trust.Contents{}, checked, err
	}
	if isRefusal {
		return trust.Contents{}, checked, refused
	}
	contents, err = c.Contents()
	return contents, checked, err
}
