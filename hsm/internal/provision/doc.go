// Package provision makes a token ready: factory secrets replaced, a key made
// in the signing slot, attested, and a certificate put beside it. It is the
// one procedure for real and for virtual tokens, so that a rehearsal rehearses
// what will happen.
//
// A run may be cut short at any command, and resumed with the same PIN and
// PUK. It then takes up what it finds: what was replaced stays, and a key that
// the earlier run made is kept, told by the certificate that this package left
// in the slot. Any other key, and any other certificate, is somebody's: the
// run refuses before it changes anything.
//
// Reset is the way back: the token as it was shipped, and nothing but its PIV
// application touched.
//
// It does not know how a card is reached, nor what a plan allows.
package provision
