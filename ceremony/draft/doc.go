// Package draft changes a trust. [New] begins with the set that is complete,
// [Founding] with nothing; [Draft.Apply] makes edits, each an [Edit] that says in
// words what it does and is refused with an [EditError]; [Draft.Proposals] makes
// the payloads.
//
// A draft is worked out each time from what it builds on and the edits, and is
// never stored. It does not know who will sign, what is frozen, or the time: keys
// and periods are given to it ([Input]).
package draft
