// Package virtual is a YubiKey made of software: the PIV application of
// SP 800-73-4 with Yubico's extensions, in several firmware versions, with
// faults on script. It has one core and two faces. The core is [Card], a state
// machine with typed methods. One face, [Applet], answers command APDUs, and
// package vpcd puts it into a reader, so that real PC/SC clients see a token.
// The other, [Token], is the ceremony's Token and Enroller in
// process, without a daemon; [Drawer] keeps a set of them for a rehearsal.
//
// # No secrets
//
// A virtual token has no secrets. Its private keys, the key of its attestation
// slot, and the key of the Conclave Rehearsal CA are derived (HKDF-SHA256 with
// the labels in derive.go) from what everybody can read: the serial, the slot,
// the algorithm, and the number of the key. That is why the state of a
// rehearsal may lie on disk, and why none of its keys may ever enter a real
// trust: whoever knows the serial can sign with them. Attestations by the
// Rehearsal CA are accepted by rehearsals and by nothing else.
//
// What a person types is another matter: a PIN typed in a rehearsal may be the
// PIN of a real token, so PIN and PUK are kept as scrypt hashes only. The
// management key and the data objects are stored as they are, for they guard
// nothing.
//
// The package does not know of ceremonies, holders, plans or screens, and it
// imitates what can be observed of a YubiKey, not how one is built.
package virtual
