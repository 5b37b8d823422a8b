// Package bundles is the file that travels between sites: an OCI image layout
// (OCI image specification 1.1) in an uncompressed tar. Encode makes it, and
// its bytes are a pure function of what it holds, so that two sites with the
// same contents may read one digest aloud. Open and Decode take it from
// strangers: nothing is extracted, everything is bounded before it is
// allocated, and only the very bytes that Encode would make are accepted.
// Merge is the union of what two bundles hold.
//
// It does not know whether a signature is valid, a chain holds or a quorum is
// met, nor where a bundle is kept: package ceremony judges what is in it, and
// package offline puts it on a medium.
package bundles
