//go:build cgo && (linux || darwin)

package hsm

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/scard"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// ask asks the card in a reader for what it tells without a PIN, in a
// connection that leaves it to others. It also keeps piv-go, whose failed
// Open can lock a reader, away from cards that are no YubiKeys.
func ask(reader string) (answers, error) {
	fail := func(err error) (answers, error) {
		return answers{}, failure(err, "read", "before the PIN", refusal.Other, culprits)
	}
	card, err := scard.Open(reader)
	if err != nil {
		return fail(err)
	}
	defer card.Close()
	if _, err := do(card, wire.Short(wire.InsSelect, 0x04, 0, wire.AIDPIV()...)); err != nil {
		return fail(err)
	}
	var a answers
	version, err := do(card, wire.Short(wire.InsGetVersion, 0, 0))
	if err == nil && len(version) != 3 {
		err = fmt.Errorf("a version of %d bytes", len(version))
	}
	if err != nil {
		return fail(err)
	}
	a.firmware = wire.Version(version)
	serial, err := do(card, wire.Short(wire.InsGetSerial, 0, 0))
	if err == nil && len(serial) != 4 {
		err = fmt.Errorf("a serial number of %d bytes", len(serial))
	}
	if err != nil {
		return fail(err)
	}
	a.serial = binary.BigEndian.Uint32(serial)
	if a.pin, err = secret(card, wire.RefPIN); err != nil {
		return fail(err)
	}
	if a.puk, err = secret(card, wire.RefPUK); err != nil {
		return fail(err)
	}
	if a.management, err = factoryManagement(card); err != nil {
		return fail(err)
	}
	return a, nil
}

// do sends a command; a status other than OK is an error.
func do(card *scard.Card, command []byte) ([]byte, error) {
	answer, sw, err := card.Do(command)
	if err == nil && sw != status.OK {
		err = sw
	}
	return answer, err
}

// secret asks for the tries of PIN or PUK: GET METADATA, and where the
// firmware has none, VERIFY without a PIN (SP 800-73-4 part 2, 3.2.1), which
// tells about the PIN alone.
func secret(card *scard.Card, ref byte) (provision.Secret, error) {
	s := provision.Secret{Tries: -1}
	b, err := do(card, wire.Short(wire.InsGetMetadata, 0, ref))
	var status status.Word
	if errors.As(err, &status) {
		if ref != wire.RefPIN {
			return s, nil
		}
		_, err = do(card, []byte{0, wire.InsVerify, 0, ref})
		if errors.As(err, &status) {
			if n, refused := status.Tries(); refused {
				s.Tries = n
			}
			return s, nil
		}
		return s, err
	}
	if err != nil {
		return s, err
	}
	if tries, ok, err := wire.FindTLV(b, 0x06); err != nil {
		return s, err
	} else if ok && len(tries) == 2 {
		s.Tries = int(tries[1])
	}
	s.Factory, err = factory(b)
	return s, err
}

func factoryManagement(card *scard.Card) (provision.Fact, error) {
	b, err := do(card, wire.Short(wire.InsGetMetadata, 0, wire.RefManagement))
	var status status.Word
	if errors.As(err, &status) {
		return provision.Unknown, nil
	}
	if err != nil {
		return provision.Unknown, err
	}
	return factory(b)
}

// factory reads tag 05, "default value" (Yubico PIV extensions, GET METADATA).
func factory(metadata []byte) (provision.Fact, error) {
	b, ok, err := wire.FindTLV(metadata, 0x05)
	if err != nil || !ok || len(b) != 1 {
		return provision.Unknown, err
	}
	return provision.Is(b[0] != 0), nil
}
