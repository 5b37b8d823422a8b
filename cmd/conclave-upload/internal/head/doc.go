// Package head is the one manifest that a trust's tag points to: an OCI image
// manifest whose layers are the whole consistent set of TUF metadata, the
// smallest of them inline. It encodes and reads that manifest and names the
// files in it.
//
// It does not know of registries, signatures, keys or times: a head that reads
// well has not been verified, and must be, as a TUF client does.
package head
