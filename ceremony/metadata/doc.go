// Package metadata treats TUF metadata as bytes: it reads strictly, checks or
// makes the canonical form, recomputes keyids, counts thresholds by key and
// verifies root chains and whole sets. The payload that a person reviews is
// the payload that a token signs is the payload that is published; nothing
// here re-serialises.
//
// That is why go-tuf's types are not used: they verify what they serialise
// anew, and accept duplicate keys. Where both packages should accept a file,
// tests hold their verdicts against each other.
//
// What is refused and what is only reported depends on the Mode: Strict for
// what a signer looks at, Adopted for files of other people's making. Nothing
// that two readers could read in two ways passes in either.
//
// It does not know of tokens, people, bundles, files, registries or clocks:
// every function takes bytes, and a time where one matters.
package metadata
