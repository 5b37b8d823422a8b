// Package journal is what one site wrote down: lines that each name the digest of
// the one before, so that none can be changed, dropped or added in between, and is
// no older than it, but for one that corrects the clock. [Read] checks that, [Longer] tells a later state from a fork, [Memory] is a journal
// that nothing outlives.
//
// What a line says is not looked at, and where it is kept is a [Workspace]'s to
// know.
package journal
