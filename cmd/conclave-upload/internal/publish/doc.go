// Package publish puts a set that the offline roles have signed into a
// registry: it holds it against what is live, adds snapshot and timestamp,
// verifies the whole as a client would, and only then writes, in an order in
// which a reader sees the old set or the new one. What is live it signs anew
// when that is due; a set that others have signed whole it publishes as it is.
//
// It does not know how a registry is spoken to, where a bundle, a file or a key
// comes from, what time it is, or who reads its progress.
package publish
