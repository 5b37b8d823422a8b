//go:build windows || (cgo && (linux || darwin))

package hsm

import (
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

// answers are what a card tells about itself to anyone.
type answers struct {
	serial     uint32
	firmware   wire.Version
	pin, puk   provision.Secret
	management provision.Fact // is it the factory's
}

// factory says whether any secret is known to be as it was shipped.
func (a answers) factory() bool {
	return a.pin.Factory == provision.Yes || a.puk.Factory == provision.Yes || a.management == provision.Yes
}
