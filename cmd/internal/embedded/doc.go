// Package embedded runs a real OCI registry (distribution v3) inside this
// process, on loopback: for tests and for the demo. It counts what it is asked.
//
// It does not know of trusts or metadata, and no program that is shipped may
// link it.
package embedded
