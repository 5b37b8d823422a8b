package ceremony

import (
	"errors"
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/internal/event"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

const maxNote = 1000 // bytes

// Note journals what people want to stand in the record: that something was
// different, who saw it, what was decided. It can be written at any time once
// the ceremony has begun. who says it.
func (c *Ceremony) Note(who, raw string) error {
	if !c.Begun() {
		return ErrNotNow
	}
	if err := text.CheckName("who says it", who); err != nil {
		return fmt.Errorf("%w: nothing was written down", err)
	}
	switch {
	case strings.TrimSpace(raw) == "":
		return errors.New("the note is empty: nothing was written down")
	case len(raw) > maxNote:
		return fmt.Errorf("the note has %d bytes, and the longest allowed has %d: nothing was written down", len(raw), maxNote)
	case text.Safe(raw) != raw:
		return errors.New("the note holds characters that can't be seen: nothing was written down")
	}
	return c.append(event.Noted{Text: raw, Who: who})
}
