package wire

import "github.com/conclave-tuf/conclave/ceremony"

// PINPolicy and TouchPolicy are the bytes of Yubico's PIV extensions (tags AA
// and AB of GENERATE ASYMMETRIC, tag 02 of GET METADATA, extension .3.8).
type (
	PINPolicy   byte
	TouchPolicy byte
)

const (
	PINDefault PINPolicy = iota
	PINNever
	PINOnce
	PINAlways
)

const (
	TouchDefault TouchPolicy = iota
	TouchNever
	TouchAlways
	TouchCached
)

// Name is the rules' name of a policy, PINUnknown for one they don't know
// (a fingerprint, on a YubiKey Bio).
func (p PINPolicy) Name() ceremony.PINPolicy {
	switch p {
	case PINNever:
		return ceremony.PINNever
	case PINOnce:
		return ceremony.PINOnce
	case PINAlways:
		return ceremony.PINAlways
	}
	return ceremony.PINUnknown
}

// Name is the rules' name of a policy, TouchUnknown for one they don't know.
func (p TouchPolicy) Name() ceremony.TouchPolicy {
	switch p {
	case TouchNever:
		return ceremony.TouchNever
	case TouchAlways:
		return ceremony.TouchAlways
	case TouchCached:
		return ceremony.TouchCached
	}
	return ceremony.TouchUnknown
}

// Policies gives the bytes of the rules' policies; ok is false where one is unknown.
func Policies(pin ceremony.PINPolicy, touch ceremony.TouchPolicy) (p PINPolicy, t TouchPolicy, ok bool) {
	for p = PINNever; p <= PINAlways && p.Name() != pin; p++ {
	}
	for t = TouchNever; t <= TouchCached && t.Name() != touch; t++ {
	}
	return p, t, p <= PINAlways && t <= TouchCached
}
