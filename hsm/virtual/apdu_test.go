package virtual_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

func TestExchanges(t *testing.T) {
	hsmtest.Exchanges(t, func(t *testing.T, c *virtual.Card) func([]byte) ([]byte, error) {
		a := &virtual.Applet{Card: c}
		return func(command []byte) ([]byte, error) { return a.Do(t.Context(), command) }
	})
}

// "PIN always" means the PIN right before (SP 800-73-4 part 1, 5.2.2).
func TestPINAlwaysMeansRightBefore(t *testing.T) {
	c := newCard(t, virtual.Config{})
	a := &virtual.Applet{Card: c}
	selectPIV := wire.Short(wire.InsSelect, 4, 0, wire.AIDPIV()...)
	verify := wire.Short(wire.InsVerify, 0, wire.RefPIN, []byte("123456\xff\xff")...)
	version := wire.Short(wire.InsGetVersion, 0, 0)
	template := wire.TLV(0x7c, wire.TLV(0x82), wire.TLV(0x81, make([]byte, 32)))
	sign := wire.Short(wire.InsAuthenticate, byte(wire.P256), byte(wire.Signature), template...)
	do := func(command []byte) status.Word {
		t.Helper()
		b, err := a.Do(t.Context(), command)
		if err != nil {
			t.Fatal(err)
		}
		return status.Word(binary.BigEndian.Uint16(b[len(b)-2:]))
	}
	do(selectPIV)
	generate(t, c, wire.P256, wire.PINAlways, wire.TouchNever)
	for name, s := range map[string]struct {
		commands [][]byte
		want     status.Word
	}{
		"right before":         {[][]byte{verify, sign}, status.OK},
		"a command in between": {[][]byte{verify, version, sign}, status.SecurityNotSatisfied},
		"a second signature":   {[][]byte{verify, sign, sign}, status.SecurityNotSatisfied},
	} {
		var got status.Word
		for _, command := range s.commands {
			got = do(command)
		}
		if got != s.want {
			t.Errorf("%s: got %v, want %v", name, got, s.want)
		}
	}
}

// Whatever a card is sent, it answers with a status word and lives on.
func FuzzApplet(f *testing.F) {
	f.Add([]byte{0, 0xfd, 0, 0})
	f.Add([]byte{0, 0xcb, 0x3f, 0xff, 0x05, 0x5c, 0x03, 0x5f, 0xff, 0x01})
	f.Add([]byte{0, 0x87, 0x0a, 0x9b, 0x04, 0x7c, 0x02, 0x80, 0x00})
	f.Add([]byte{0x10, 0xdb, 0x3f, 0xff, 0x02, 0x5c, 0x03})
	c, err := virtual.NewCard(virtual.Config{Serial: 5417533, Firmware: virtual.Firmware574, Cost: 2})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, command []byte) {
		a := &virtual.Applet{Card: c}
		selected := []byte{0, 0xa4, 0x04, 0, 0x05, 0xa0, 0, 0, 0x03, 0x08}
		if _, err := a.Do(t.Context(), selected); err != nil {
			t.Fatal(err)
		}
		first, err := a.Do(t.Context(), command)
		if err != nil || len(first) < 2 {
			t.Fatalf("got %x, %v", first, err)
		}
		if len(first) > 258 && !bytes.HasPrefix(command[4:], []byte{0}) {
			t.Fatalf("an answer of %d bytes to a short command", len(first))
		}
		if again, err := a.Do(t.Context(), []byte{0, 0xfd, 0, 0}); err != nil || len(again) < 2 {
			t.Fatalf("afterwards: %x, %v", again, err)
		}
	})
}
