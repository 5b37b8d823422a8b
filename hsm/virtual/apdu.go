package virtual

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// Applet is the face that answers command APDUs, as a YubiKey does over CCID
// (SP 800-73-4 part 2; ISO/IEC 7816-4 for chaining and GET RESPONSE). It
// serves one connection at a time.
type Applet struct {
	Card *Card

	tamper   atomic.Pointer[Tampering]
	selected application
	chain    []byte // data of a command that is still being sent
	chaining byte   // its instruction
	pending  []byte // of an answer that GET RESPONSE fetches
}

// Tampering changes an answer on its way out: a token that talks nonsense.
type Tampering func(command wire.Command, answer []byte) []byte

// Tamper sets what happens to answers from now on; nil: nothing. It may be
// called while the applet serves.
func (a *Applet) Tamper(t Tampering) {
	if t == nil {
		a.tamper.Store(nil)
		return
	}
	a.tamper.Store(&t)
}

type application int

const (
	nothing application = iota
	pivApplication
	managementApplication
)

// chainLimit bounds what a chained command may bring (a YubiKey's buffer).
const chainLimit = 3072

// PowerOff is what happens to the card when the reader takes its power.
func (a *Applet) PowerOff() {
	a.selected, a.chain, a.pending = nothing, nil, nil
	a.Card.PowerOff()
}

// Do answers one command. The answer ends in a status word. The only error is
// ErrRemoved: then there is no answer. ctx ends when the card loses power.
func (a *Applet) Do(ctx context.Context, apdu []byte) ([]byte, error) {
	cmd, err := wire.ParseCommand(apdu)
	if err != nil {
		return answer(nil, status.WrongLength), nil
	}
	out, err := a.dispatch(ctx, cmd)
	if errors.Is(err, ErrRemoved) {
		return nil, err
	}
	b := a.page(cmd, out, statusOf(err))
	if tamper := a.tamper.Load(); tamper != nil {
		b = (*tamper)(cmd, b)
	}
	return b, nil
}

func answer(data []byte, s status.Word) []byte {
	return append(data, byte(s>>8), byte(s))
}

func statusOf(err error) status.Word {
	var s status.Word
	switch {
	case err == nil:
		return status.OK
	case errors.As(err, &s):
		return s
	}
	return status.MemoryFailure
}

// page cuts an answer to what the command has room for; GET RESPONSE fetches the rest.
func (a *Applet) page(cmd wire.Command, out []byte, s status.Word) []byte {
	if s != status.OK {
		return answer(nil, s)
	}
	room := 256
	if cmd.Extended {
		room = max(cmd.Le, room)
	} else if cmd.Le > 0 {
		room = cmd.Le
	}
	if len(out) <= room {
		return answer(out, status.OK)
	}
	a.pending = out[room:]
	return answer(out[:room:room], status.MoreData(len(a.pending)))
}

func (a *Applet) dispatch(ctx context.Context, cmd wire.Command) ([]byte, error) {
	if cmd.CLA&^0x10 != 0 {
		return nil, status.UnknownClass
	}
	if cmd.INS == wire.InsGetResponse {
		rest := a.pending
		a.pending = nil
		if rest == nil {
			return nil, status.ConditionsNotMet
		}
		return rest, nil
	}
	a.pending = nil
	if len(a.chain) > 0 && cmd.INS != a.chaining {
		a.chain = nil
	}
	if len(a.chain)+len(cmd.Data) > chainLimit {
		a.chain = nil
		return nil, status.WrongLength
	}
	if cmd.Chained() {
		a.chain, a.chaining = append(a.chain, cmd.Data...), cmd.INS
		return nil, nil
	}
	cmd.Data = append(a.chain, cmd.Data...)
	a.chain = nil

	switch {
	case cmd.INS == wire.InsSelect:
		return a.choose(cmd)
	case a.selected == managementApplication && cmd.INS == wire.InsReadConfig:
		return a.config(cmd)
	case a.selected == pivApplication:
		return a.piv(ctx, cmd)
	}
	return nil, status.UnknownInstruction
}

// choose is SELECT (SP 800-73-4 part 2, 3.1.1). Another application ends the
// security status of the one before.
func (a *Applet) choose(cmd wire.Command) ([]byte, error) {
	if cmd.P1 != 0x04 {
		return nil, status.WrongParameters
	}
	switch aid := string(cmd.Data); {
	case len(aid) >= 5 && len(aid) <= 11 && string(pivAID()[:len(aid)]) == aid:
		a.enter(pivApplication)
		b := wire.TLV(0x4f, pivAID()[5:])
		b = wire.AppendTLV(b, 0x79, wire.TLV(0x4f, wire.AIDPIV()))
		return wire.TLV(0x61, b), nil
	case aid == string(wire.AIDManagement()):
		a.enter(managementApplication)
		return fmt.Appendf(nil, "Virtual mgr - FW version %s", a.Card.firmware), nil
	}
	return nil, status.NotFound
}

func (a *Applet) enter(app application) {
	if a.selected != app {
		a.Card.PowerOff()
	}
	a.selected = app
}

// config is READ CONFIG of the management application (Yubico configuration
// reference): which token this is, and that it speaks PIV over USB alone.
func (a *Applet) config(cmd wire.Command) ([]byte, error) {
	if cmd.P1 != 0 {
		return nil, status.WrongParameters // there is one page
	}
	c := a.Card
	usb := []byte{0x00, 0x10}
	b := wire.TLV(0x01, usb)
	b = wire.AppendTLV(b, 0x02, serialBytes(c.cfg.Serial))
	b = wire.AppendTLV(b, 0x03, usb)
	b = wire.AppendTLV(b, 0x04, []byte{byte(c.cfg.Form)})
	b = wire.AppendTLV(b, 0x05, c.firmware[:])
	b = wire.AppendTLV(b, 0x0a, []byte{0})
	return append([]byte{byte(len(b))}, b...), nil
}
