package ui

import (
	"context"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Machine is the machine that the ceremony is held on.
type Machine interface {
	// Preflight checks it; a check that fails doesn't stop the ceremony, but
	// people decide on it.
	Preflight(ctx context.Context) []token.Check

	// Places lists where plans and bundles may lie or be written to, removable
	// drives first.
	Places(ctx context.Context) ([]Place, error)
	// Plans and Bundles list the files in a place, by name.
	Plans(ctx context.Context, in Place) ([]File, error)
	Bundles(ctx context.Context, in Place) ([]File, error)

	// ReadPlan returns a plan and the files that it names.
	ReadPlan(ctx context.Context, f File) (yaml []byte, files map[string][]byte, err error)
	// ReadBundle returns what a bundle holds, and the digest of the file.
	ReadBundle(ctx context.Context, f File) (trust.Contents, metadata.Digest, error)
	// Files lists the files in a place whose names end in one of the suffixes,
	// by name; without suffixes all.
	Files(ctx context.Context, in Place, suffixes ...string) ([]File, error)
	// Hash returns the SHA-256 of a file, and its length in bytes.
	Hash(ctx context.Context, f File) (metadata.Digest, int64, error)
	// Read returns a small file: a key, a descriptor. A large one is an error.
	Read(ctx context.Context, f File) ([]byte, error)
	// Folders lists the directories in a place, by name.
	Folders(ctx context.Context, in Place) ([]File, error)
	// Tree hashes every file below a directory; Images reads the manifests of
	// an OCI layout, in a directory or a tar; Listing reads a list of targets.
	// What can't be a target is an error that names it.
	Tree(ctx context.Context, f File) ([]trust.NewTarget, error)
	Images(ctx context.Context, f File) ([]trust.NewTarget, error)
	Listing(ctx context.Context, f File) ([]trust.NewTarget, error)
	// Repository reads the repository in a place, by paths relative to it. What is
	// too large or too much is an error.
	Repository(ctx context.Context, in Place) (*metadata.Found, error)
	// Export writes a bundle and returns once it was read back and compared.
	Export(ctx context.Context, to Place, c trust.Contents) (Written, error)
}

// Place is a directory, or a removable drive that is mounted.
type Place struct {
	Name      string // "KINGSTON", "working directory"
	Path      string
	Detail    string // "removable, 14 GB free, vfat"
	Removable bool
	Writable  bool
}

// File is a file in a [Place].
type File struct {
	Name   string
	Path   string
	Size   int64 // bytes
	Folder bool  // it is a directory
}

// Written is a bundle that was written, synced, read back and compared.
type Written struct {
	Path   string
	Digest metadata.Digest
	Size   int64 // bytes
}

// Hand puts virtual tokens into the reader. There is one only in a rehearsal.
type Hand interface {
	// Tokens lists every token in the drawer, in the reader or not.
	Tokens() []VirtualToken
	Insert(serial string) error
	Remove(serial string) error
}

// VirtualToken is a token of a rehearsal.
type VirtualToken struct {
	Serial   string
	InReader bool
}
