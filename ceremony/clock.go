package ceremony

import (
	"errors"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
)

// ErrClockDue: before anything else is written people compare the machine's
// clock with another one. It is due at each start, where the clock went back,
// and where another site's clock is ahead of it.
var ErrClockDue = errors.New("the clock of this machine is to be compared with another one first")

// clockReach is how far a clock that may be right is from the newest thing
// that is known: people hold ceremonies more often than that.
const clockReach = 365 * 24 * time.Hour

// clockSkew is how far two sites' clocks may be apart: both were compared with
// another clock to within minutes.
const clockSkew = 15 * time.Minute

// sitting is what people said of the clock since the program started.
type sitting struct {
	confirmed bool
	begins    *event.ClockConfirmed // for a journal that has not begun
	ahead     AheadSite
}

// AheadSite is another site whose journal ends later than it is here.
type AheadSite struct {
	Name string
	Last time.Time
}

// Clock is what people have to know when they compare the machine's clock.
type Clock struct {
	Now   time.Time
	Last  time.Time // the newest entry of the journal; zero: none
	Ahead AheadSite // zero: none is known
}

// Back says whether the clock is behind the journal: then one of the two was
// wrong, and only CorrectClock lets the journal go on.
func (c Clock) Back() bool { return c.Now.Before(c.Last) }

// Clock reads the machine's clock. One that can't be right, whoever says that it
// is, gives a *ClockError: it is before this program was built, or more than a
// year from the newest thing that is known.
func (c *Ceremony) Clock() (Clock, error) {
	k := Clock{Now: c.now(), Last: c.state.last, Ahead: c.sitting.ahead}
	newest, what := c.deps.Built, "this program was built"
	if k.Now.Before(newest) {
		return k, &ClockError{Now: k.Now, Known: newest, What: what}
	}
	if k.Last.After(newest) {
		newest, what = k.Last, "the last entry in the journal"
	}
	if newest.IsZero() || k.Now.Sub(newest).Abs() <= clockReach {
		return k, nil
	}
	return k, &ClockError{Now: k.Now, Known: newest, What: what}
}

// ClockDue says whether people have to compare the clock before anything else.
func (c *Ceremony) ClockDue() bool { return !c.sitting.confirmed || c.now().Before(c.state.last) }

// checkClock refuses to write by a clock that can't be right, or that nobody
// has confirmed in this sitting.
func (c *Ceremony) checkClock() error {
	if _, err := c.Clock(); err != nil {
		return err
	}
	if c.ClockDue() {
		return ErrClockDue
	}
	return nil
}

// ConfirmClock journals that a person compared the time that the machine shows
// with source ("wall clock") and found it right. Before Begin it is kept for
// then. For a clock that is behind the journal see CorrectClock: here it is a
// *ClockError.
func (c *Ceremony) ConfirmClock(shown time.Time, source string) error {
	k, err := c.Clock()
	if err != nil {
		return err
	}
	if k.Back() {
		return &ClockError{Now: k.Now, Known: k.Last, What: "the last entry in the journal"}
	}
	ev := event.ClockConfirmed{Shown: shown.UTC().Truncate(time.Second), Source: source}
	if !c.Begun() {
		c.sitting = sitting{confirmed: true, begins: &ev}
		return nil
	}
	if err := c.write(ev); err != nil {
		return err
	}
	c.sitting = sitting{confirmed: true}
	return nil
}

// CorrectClock journals that who found the clock right by source although the
// journal's last entry is later: the clock was ahead when that was written.
// What was signed stays. The journal goes on by the clock as it is now.
func (c *Ceremony) CorrectClock(who, source string) error {
	k, err := c.Clock()
	switch {
	case err != nil:
		return err
	case !c.Begun() || !k.Back():
		return ErrNotNow
	}
	if err := c.write(event.ClockCorrected{Who: who, From: k.Last, To: k.Now, Source: source}); err != nil {
		return err
	}
	c.sitting = sitting{confirmed: true}
	return nil
}
