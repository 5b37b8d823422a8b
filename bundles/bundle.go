package bundles

import (
	"fmt"
	"regexp"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Limits of a bundle. They are far above what a trust with 16,384 hash bins
// needs, and keep what a hostile file can cost to about its own size.
const (
	maxSize    = 128 << 20 // bytes of the file
	maxEntry   = 32 << 20  // bytes of one entry
	maxEntries = 20_000    // files in the tar
)

// Bundle is what a bundle holds, and the file itself. Contents may share
// memory with Bytes: neither is to be changed.
type Bundle struct {
	Contents trust.Contents  // sorted, nothing twice
	Digest   metadata.Digest // of Bytes
	Bytes    []byte          // the tar
}

// Size is the length of the file in bytes.
func (b *Bundle) Size() int64 { return int64(len(b.Bytes)) }

// Error says what is wrong with a bundle, or with contents that can't become
// one. Its text is safe to show.
type Error struct {
	Path  string // of the file; "" where the bundle is no file
	Entry string // the entry of the tar, or the item in words; "" for the whole
	Why   string
}

func (e *Error) Error() string {
	s := e.Why
	if e.Entry != "" {
		s = e.Entry + ": " + s
	}
	if e.Path != "" {
		s = text.Safe(e.Path) + ": " + s
	}
	return "the bundle was refused: " + s
}

// Code names what happened, for people who look it up: a bundle that is not one, or not whole.
func (*Error) Code() string { return "BUNDLE-REFUSED" }

func refuse(entry, format string, args ...any) error {
	return &Error{Entry: text.Safe(entry), Why: fmt.Sprintf(format, args...)}
}

// Name is the file name of a bundle with that digest:
// <trust>-<what>-<first 8 hex of the digest>.tar, where what is the newest
// proposal of root, else of targets, else what there is. A rehearsal shows in
// it, because it shows in the trust's name.
func Name(c trust.Contents, digest metadata.Digest) string {
	return fmt.Sprintf("%s-%s-%.8s.tar", c.Trust, what(c), digest)
}

// IsName says whether name is one that Name gives.
func IsName(name string) bool { return named.MatchString(name) }

var named = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*-(root-[0-9]+|targets-[0-9]+|roles|head|record)-[0-9a-f]{8}\.tar$`)

func what(c trust.Contents) string {
	for _, role := range []string{"root", "targets"} {
		var newest int64
		for _, p := range c.Proposals {
			if p.Role == role {
				newest = max(newest, p.Version)
			}
		}
		if newest > 0 {
			return fmt.Sprintf("%s-%d", role, newest)
		}
	}
	switch {
	case len(c.Proposals) > 0:
		return "roles" // a delegated role's name need not be fit for a file's
	case len(c.Published) > 0:
		return "head"
	}
	return "record"
}
