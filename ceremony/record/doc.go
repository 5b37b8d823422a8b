// Package record tells what happened, out of the journals alone, so that anyone
// who has them can make the record again and compare. Call [New] with journals or
// [Read] with a file, [Check] to verify it, and [Record.Paper] to print it.
//
// It knows what a journal says, not whether that is true: Check tells how far a
// bundle and the holders' signatures prove it.
package record
