// Package hsm reaches YubiKeys: it finds them, tells what they tell freely,
// makes them ready, and signs with them, over PC/SC through piv-go. And it
// judges attestations, which needs neither a card nor cgo.
//
// A [Token] is a handle. Each call opens the card, checks that it is still the
// one with that serial, does its work, and releases it; nothing is held
// between calls, and no PIN is kept. Where the program was built without card
// support (on Linux and macOS without cgo), [Reader] says so and everything
// else is there.
//
// One call can't be taken back: a card that was asked answers when it does,
// after a touch or when it is tired of waiting. A cancelled Sign returns then,
// without the signature.
//
// [Readers] joins readers of several kinds: this one, package pkcs11's, and the
// virtual tokens of package virtual. A virtual token is told from a real one by
// the certificate in its slot f9, also behind PC/SC.
//
// The package does not know of ceremonies, people, plans or screens: which
// token is the right one, how often a PIN may be asked for, and what a policy
// demands are decided by its callers. It never retries anything with a PIN.
package hsm
