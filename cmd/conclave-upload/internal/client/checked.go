package client

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// ErrNoHash: a target's metadata has no hash of it that is known here.
var ErrNoHash = errors.New("its metadata has neither its sha256 nor its sha512")

// hashes are those that the target's metadata has.
func (t Target) hashes() (list []string) {
	for _, sum := range []string{t.SHA256, t.SHA512} {
		if sum != "" {
			list = append(list, sum)
		}
	}
	return list
}

// FileNames are how its file is called in a repository with consistent
// snapshots. Clients ask for it by any of its hashes (TUF 1.0, section 5.7.3).
func (t Target) FileNames() (names []string) {
	for _, sum := range t.hashes() {
		names = append(names, head.HashedName(t.Path, sum))
	}
	return names
}

// Checked is r as long as it holds what the metadata says of the target: where it
// holds something else, its end is an error instead of io.EOF.
func (t Target) Checked(r io.ReadCloser) (io.ReadCloser, error) {
	if len(t.hashes()) == 0 {
		return nil, fmt.Errorf("target %q: %w", t.Path, ErrNoHash)
	}
	if t.SHA512 != "" {
		r = &by512{ReadCloser: r, target: t, left: t.Length, hash: sha512.New()}
	}
	if t.SHA256 == "" {
		return r, nil
	}
	sum, err := t.Digest()
	if err != nil {
		return nil, err
	}
	return registry.Checked(r, sum, t.Length), nil
}

// by512 is registry.Checked for a sha512.
type by512 struct {
	io.ReadCloser
	target Target
	left   int64
	hash   hash.Hash
}

func (c *by512) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.hash.Write(p[:n])
	c.left -= int64(n)
	if c.left >= 0 && !errors.Is(err, io.EOF) {
		return n, err
	}
	if c.left != 0 || hex.EncodeToString(c.hash.Sum(nil)) != c.target.SHA512 {
		return 0, fmt.Errorf("target %q is not what its metadata says: it has another length or sha512", c.target.Path)
	}
	return n, err
}
