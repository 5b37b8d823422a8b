package hsm

import (
	"github.com/go-piv/piv-go/v2/piv"

	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/refusal"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// ask asks the card in a reader for what it tells without a PIN, as far as
// piv-go has calls for it: not the tries of the PUK, nor whether a secret is
// the factory's.
func ask(reader string) (answers, error) {
	fail := func(err error) (answers, error) {
		return answers{}, failure(err, "read", "before the PIN", refusal.Other, culprits)
	}
	yk, err := piv.Open(reader)
	if err != nil {
		return fail(err)
	}
	defer yk.Close()
	a := answers{pin: provision.Secret{Tries: -1}, puk: provision.Secret{Tries: -1}}
	v := yk.Version()
	a.firmware = wire.V(byte(v.Major), byte(v.Minor), byte(v.Patch))
	if a.serial, err = yk.Serial(); err != nil {
		return fail(err)
	}
	if a.pin.Tries, err = yk.Retries(); err != nil {
		return fail(err)
	}
	return a, nil
}
