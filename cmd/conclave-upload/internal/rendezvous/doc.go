// Package rendezvous shares proposals, signatures and attestations through a
// registry, as the very objects that a bundle holds: signers write no object in
// common, so none of them waits for another and nothing is lost.
//
// It does not know whether a signature is valid or a quorum is met: package
// ceremony judges what was collected.
package rendezvous
