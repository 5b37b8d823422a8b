// Package token says what a token is to the rules: it tells of itself, signs and,
// where it can, makes its key and proves where that was born. Package hsm has the
// real ones.
//
// Call [Token.Info] first: it costs no try of the PIN. What a plan demands of a
// token is a [Policy], what an attestation came to a [Verdict]; a [PIN] is wiped
// by whoever made it. Every error of a token has a type or a name here, and says
// what was not done.
//
// The package does not know what is signed or why, and how a card is reached.
package token
