package wire

import (
	"encoding/binary"
	"errors"
)

// Command is a command APDU (ISO/IEC 7816-4, 5.1).
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
	Le               int  // the most bytes the answer may hold; 0: none were asked for
	Extended         bool // lengths stood in the extended form
}

// Chained says whether more of the same command follows (ISO/IEC 7816-4, 5.1.1).
func (c Command) Chained() bool { return c.CLA&0x10 != 0 }

const (
	maxShortLe    = 256
	maxExtendedLe = 65536
)

// ErrCommand is returned for bytes that are no command APDU.
var ErrCommand = errors.New("not a command APDU")

// ParseCommand reads a command in the short or in the extended form. Data
// shares b's memory.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, ErrCommand
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	body := b[4:]
	switch {
	case len(body) == 0:
		return c, nil
	case len(body) == 1:
		c.Le = le(int(body[0]), maxShortLe)
		return c, nil
	case body[0] != 0:
		return c, c.short(body)
	default:
		c.Extended = true
		return c, c.extended(body)
	}
}

func (c *Command) short(body []byte) error {
	lc, rest := int(body[0]), body[1:]
	switch len(rest) {
	case lc:
	case lc + 1:
		c.Le = le(int(rest[lc]), maxShortLe)
	default:
		return ErrCommand
	}
	c.Data = rest[:lc]
	return nil
}

func (c *Command) extended(body []byte) error {
	if len(body) < 3 {
		return ErrCommand
	}
	n, rest := int(binary.BigEndian.Uint16(body[1:])), body[3:]
	if len(rest) == 0 { // no data: the two bytes were Le
		c.Le = le(n, maxExtendedLe)
		return nil
	}
	switch {
	case n == 0:
		return ErrCommand
	case len(rest) == n:
	case len(rest) == n+2:
		c.Le = le(int(binary.BigEndian.Uint16(rest[n:])), maxExtendedLe)
	default:
		return ErrCommand
	}
	c.Data = rest[:n]
	return nil
}

// le reads an expected length, where zero stands for the most there can be.
func le(n, most int) int {
	if n == 0 {
		return most
	}
	return n
}

// Short encodes a command of at most 255 bytes of data in the short form,
// without Le, as PIV middleware commonly sends it over T=1.
func Short(ins, p1, p2 byte, data ...byte) []byte {
	return append([]byte{0, ins, p1, p2, byte(len(data))}, data...)
}
