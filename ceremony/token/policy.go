package token

import (
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// DefaultPolicy is what is demanded of a token where no plan says
// otherwise: a key born on it, a touch for each signature, a PIN, and for ECDSA
// a firmware that does not leak its keys (YSA-2024-03, "EUCLEAK").
func DefaultPolicy(rehearsal bool) Policy {
	return Policy{
		Algorithms:  []Algorithm{P256, P384, Ed25519},
		Touch:       []TouchPolicy{TouchAlways},
		PIN:         []PINPolicy{PINOnce, PINAlways},
		MinFirmware: "5.7.0",
		Rehearsal:   rehearsal,
	}
}

// Profile says how a token's key is made, and which tokens will do.
type Profile struct {
	Algorithm Algorithm
	Touch     TouchPolicy
	PIN       PINPolicy
	Policy    Policy
}

// DefaultProfile is what a plan that says nothing of tokens comes to.
func DefaultProfile(rehearsal bool) Profile {
	return Profile{Algorithm: P256, Touch: TouchAlways, PIN: PINOnce, Policy: DefaultPolicy(rehearsal)}
}

// Weaknesses says where the policy falls short of the usual one.
func (p Policy) Weaknesses() []string {
	var list []string
	usual := DefaultPolicy(p.Rehearsal)
	if p.WithoutAttestation {
		list = append(list, "a key may come from anywhere, without an attestation")
	}
	if p.MinFirmware != usual.MinFirmware {
		list = append(list, fmt.Sprintf("firmware %s or newer, where %s is usual", text.Safe(p.MinFirmware), usual.MinFirmware))
	}
	for _, touch := range p.Touch {
		if !slices.Contains(usual.Touch, touch) {
			list = append(list, fmt.Sprintf("touch %s", text.Safe(string(touch))))
		}
	}
	return list
}
