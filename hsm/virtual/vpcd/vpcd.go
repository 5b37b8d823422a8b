// Package vpcd puts virtual tokens into the readers of the vpcd driver
// (vsmartcard), behind which real PC/SC clients see them. It stands apart from
// package virtual because it dials: a program for a machine without a network
// rehearses without it.
//
// It knows nothing of PIV, nor how the daemon behind the driver runs; see
// package pcscd.
package vpcd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// The control messages of the vpcd driver: a message of one byte
// (vsmartcard, "The vpcd protocol").
const (
	powerOff = 0
	powerOn  = 1
	reset    = 2
	askATR   = 4
)

// atr is the answer to reset of a YubiKey 5 over T=1.
func atr() []byte {
	return []byte{
		0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15, 0x80, 0x73, 0xc0,
		0x21, 0xc0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40,
	}
}

// Serve puts a token into the reader of the vpcd driver that listens at
// address (host:port, on loopback) and answers until ctx ends, which takes the
// token out. It returns nil then, virtual.ErrRemoved where the token was pulled on
// script, and else why the reader was lost.
func Serve(ctx context.Context, address string, a *virtual.Applet) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("virtual token %s: no vpcd reader at %s: %w", a.Card.Serial(), address, err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	defer a.PowerOff()

	err = answerAll(ctx, conn, a)
	switch {
	case errors.Is(err, virtual.ErrRemoved):
		return virtual.ErrRemoved
	case ctx.Err() != nil:
		return nil
	}
	return fmt.Errorf("virtual token %s: vpcd reader at %s: %w", a.Card.Serial(), address, err)
}

func answerAll(ctx context.Context, conn net.Conn, a *virtual.Applet) error {
	for {
		msg, err := readMessage(conn)
		if err != nil {
			return err
		}
		var out []byte
		switch {
		case len(msg) == 1 && msg[0] == askATR:
			out = atr()
		case len(msg) == 1: // no answer is expected
			switch msg[0] {
			case powerOff, powerOn, reset:
				a.PowerOff()
			}
			continue
		default:
			if out, err = a.Do(ctx, msg); err != nil {
				return err
			}
		}
		if err := writeMessage(conn, out); err != nil {
			return err
		}
	}
}

// readMessage reads one message: its length in two bytes, then as many.
func readMessage(conn net.Conn) ([]byte, error) {
	quickACK(conn)
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(size[:]))
	quickACK(conn)
	_, err := io.ReadFull(conn, msg)
	return msg, err
}

func writeMessage(conn net.Conn, msg []byte) error {
	if len(msg) > 0xffff {
		return fmt.Errorf("an answer of %d bytes is too long", len(msg))
	}
	_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...))
	return err
}
