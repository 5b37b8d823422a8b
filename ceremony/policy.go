package ceremony

// DefaultTokenPolicy is what is demanded of a token where no plan says
// otherwise: a key born on it, a touch for each signature, a PIN, and for ECDSA
// a firmware that does not leak its keys (YSA-2024-03, "EUCLEAK").
func DefaultTokenPolicy(rehearsal bool) TokenPolicy {
	return TokenPolicy{
		Algorithms:  []Algorithm{P256, P384, Ed25519},
		Touch:       []TouchPolicy{TouchAlways},
		PIN:         []PINPolicy{PINOnce, PINAlways},
		MinFirmware: "5.7.0",
		Rehearsal:   rehearsal,
	}
}
