package wire

import "github.com/conclave-tuf/conclave/ceremony/token"

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
func (p PINPolicy) Name() token.PINPolicy {
	switch p {
	case PINNever:
		return token.PINNever
	case PINOnce:
		return token.PINOnce
	case PINAlways:
		return token.PINAlways
	}
	return token.PINUnknown
}

// Name is the rules' name of a policy, TouchUnknown for one they don't know.
func (p TouchPolicy) Name() token.TouchPolicy {
	switch p {
	case TouchNever:
		return token.TouchNever
	case TouchAlways:
		return token.TouchAlways
	case TouchCached:
		return token.TouchCached
	}
	return token.TouchUnknown
}

// Policies gives the bytes of the rules' policies; ok is false where one is unknown.
func Policies(pin token.PINPolicy, touch token.TouchPolicy) (p PINPolicy, t TouchPolicy, ok bool) {
	for p = PINNever; p <= PINAlways && p.Name() != pin; p++ {
	}
	for t = TouchNever; t <= TouchCached && t.Name() != touch; t++ {
	}
	return p, t, p <= PINAlways && t <= TouchCached
}
