// Package pcscd starts a PC/SC daemon of one's own with readers for virtual
// tokens: private (a socket in a directory of the caller's), without root, and
// apart from a pcscd of the system. Tests and the demonstration reach virtual
// tokens through it over the same path as real ones.
//
// It needs pcscd and the vpcd driver (Debian: pcscd, vsmartcard-vpcd). The
// driver waits for its tokens on all addresses of the machine, on free ports,
// for as long as the daemon runs: whoever reaches them can put a token of
// theirs into a reader here, so nothing but tests and demonstrations belongs
// behind it. Run by root beside a pcscd of the system, it removes that one's pid
// file when it ends; run it as another user there.
//
// It knows nothing of PIV; what sits in a reader is the caller's, see package
// vpcd.
package pcscd
