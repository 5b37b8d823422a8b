// Package walk is a TUF client's workflow (TUF 1.0, 5.3 to 5.7): what a client
// needs of a repository, in the order in which it needs it, and nothing else. What
// has verified is kept at once, whatever becomes of the rest; a delegation is
// followed only where a target's path leads there.
//
// Signatures, versions and lists are verified by package metadata. It does not know
// how files are got or kept, and reads no clock. A whole set, as push, mirror and
// status have it, is verified by metadata.VerifySet; of such a set only the search
// is used here.
package walk
