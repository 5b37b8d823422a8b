// Package upkeep looks after what is published: who has to sign when, and which
// of the old heads can go.
//
// It does not know how anything is signed or published, nor what time it is.
package upkeep
