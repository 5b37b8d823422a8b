// Package pkcs11 reaches any token that has a PKCS#11 module (OASIS PKCS#11
// 2.40 and 3.0): it finds them, makes a key on them, and signs with it. The
// module is a shared library that the token's maker gives, loaded by its path.
//
// A [Token] is a handle, as in package hsm: each call opens a session, checks
// that the token is still the same one, logs in where it must, logs out, and
// closes the session. The PIN is shown to the token once for a signature; a
// key that asks for it again with each use (CKA_ALWAYS_AUTHENTICATE) is shown
// the one that was just right.
//
// Such a token can't prove where its key was born, and can't be told to ask
// for a touch. It is initialised, and its PIN set, by its own tools. Where the
// program was built without cgo, [Reader] says so.
//
// A token has to show its public keys to anyone, as nearly all do, for nothing
// is asked of a token by PIN before it is known to be the right one. And a call
// into a module can't be taken back: one that does not return is waited for.
//
// The package does not know YubiKeys, ceremonies, people, plans or screens. A
// module is code: whoever chooses its path trusts it with the PIN.
package pkcs11
