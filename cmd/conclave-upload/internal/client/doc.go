// Package client reads a published set from a repository and verifies it as a
// TUF client does: with go-tuf's updater, whose rules are not ours, and with
// package metadata, which also holds the set to one trust. A target is looked for
// by package walk, and go-tuf has to agree.
//
// It does not know how anything comes to be published, and writes nothing.
package client
