// Package ceremony holds the rules: the plan, the proposal and its review, the
// quorum, the journal's events and their fold, the steps, the record. A
// ceremony is a fold over its journal; there is no other state.
//
// It does no I/O and has no clock, no screen and no card: a Journal, a Token,
// a time and a source of randomness come in as parameters. It does not know
// how a bundle is laid out, where files live, or how a step is drawn.
package ceremony
