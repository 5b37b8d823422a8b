// Package ceremony is the ceremony itself. [Open] replays a journal, and
// [Ceremony.Steps] says who does what now; [Ceremony.Enrol], [Ceremony.Freeze],
// [Ceremony.Review], [Ceremony.Sign], [Ceremony.Import] and [Ceremony.Handover] do
// it. Each is durable in the journal before it is true, so that whoever opens the
// journal again goes on at the same step. There is no other state.
//
// What stands of a trust is said in package trust, what may be changed in package
// draft, what a payload does in package review. A Ceremony says whose turn it is,
// and refuses everything else.
//
// It does no I/O and has no clock, no screen and no card: a workspace, tokens, the
// time and a source of randomness come in as parameters ([Deps]).
package ceremony
