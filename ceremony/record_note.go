package ceremony

import (
	"errors"
	"fmt"
	"strings"
)

const maxNote = 1000 // bytes

// Note journals what people want to stand in the record: that something was
// different, who saw it, what was decided. It can be written at any time once
// the ceremony has begun. who says it.
func (c *Ceremony) Note(who, text string) error {
	if !c.Begun() {
		return ErrNotNow
	}
	if err := CheckName("who says it", who); err != nil {
		return fmt.Errorf("%w: nothing was written down", err)
	}
	switch {
	case strings.TrimSpace(text) == "":
		return errors.New("the note is empty: nothing was written down")
	case len(text) > maxNote:
		return fmt.Errorf("the note has %d bytes, and the longest allowed has %d: nothing was written down", len(text), maxNote)
	case Safe(text) != text:
		return errors.New("the note holds characters that can't be seen: nothing was written down")
	}
	return c.append(noted{text, who})
}
