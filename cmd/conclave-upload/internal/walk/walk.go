package walk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// Fetch gets the file of a repository that has that name, "2.root.json", if it has
// at most limit bytes. One that is not there is fs.ErrNotExist.
type Fetch func(ctx context.Context, name string, limit int64) ([]byte, error)

// Memory is what a client trusts from one run to the next: one file for a role.
type Memory interface {
	Load(role string) ([]byte, error) // fs.ErrNotExist where nothing is kept
	Keep(role string, file []byte) error
}

// maxRoots is how many roots are followed in one run.
const maxRoots = 256

// Client is one run of a client.
type Client struct {
	memory Memory
	fetch  Fetch
	at     time.Time

	root, timestamp, snapshot, targets *metadata.File
}

// New is a client that begins with what memory holds, at least a root, at the time
// at, which is that of the whole run (TUF 1.0, 5.2).
func New(memory Memory, fetch Fetch, at time.Time) *Client {
	return &Client{memory: memory, fetch: fetch, at: at}
}

// Refresh brings the top-level roles up to date. Where it fails, what had verified
// before is kept.
func (c *Client) Refresh(ctx context.Context) error {
	for _, step := range []func(context.Context) error{c.toRoot, c.toTimestamp, c.toSnapshot} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	var err error
	c.targets, err = c.open(ctx, head.Targets, c.root)
	return err
}

// Consistent says whether the repository has consistent snapshots (TUF 1.0, 6.2),
// after a Refresh.
func (c *Client) Consistent() bool { return c.root.Root.ConsistentSnapshot }

// Find searches for a target, after a Refresh.
func (c *Client) Find(ctx context.Context, path string) (Found, error) {
	return Search(c.targets, path, func(role string, parent *metadata.File) (*metadata.File, error) {
		return c.open(ctx, role, parent)
	})
}

func (c *Client) toRoot(ctx context.Context) error {
	trusted, err := c.kept(head.Root)
	if err != nil {
		return err
	}
	if trusted == nil {
		return errors.New("there is no root to begin with")
	}
	if c.root, err = Roots(ctx, trusted, c.fetch, func(file []byte) error { return c.memory.Keep(head.Root, file) }); err != nil {
		return err
	}
	return metadata.VerifyExpiry(head.Root, c.root, c.at)
}

// Roots goes from a trusted root to the newest that there is, which need not be
// good at any time (TUF 1.0, 5.3). Each root counts from the moment that it
// verified: it is kept then, and returned also where the one after it is refused.
func Roots(ctx context.Context, trusted *metadata.File, fetch Fetch, keep func(file []byte) error) (*metadata.File, error) {
	if err := metadata.VerifyRootChain([]*metadata.File{trusted}, time.Time{}); err != nil {
		return trusted, err
	}
	for range maxRoots {
		name := head.FileName(head.Root, trusted.Version+1)
		next, err := get(ctx, fetch, name, head.MaxFile)
		if errors.Is(err, fs.ErrNotExist) {
			return trusted, nil
		}
		if err == nil {
			err = metadata.VerifyNextRoot(trusted, next)
		}
		if err == nil {
			err = keep(next.Bytes)
		}
		if err != nil {
			return trusted, err
		}
		trusted = next
	}
	return trusted, fmt.Errorf("more than %d roots follow each other: root %d is trusted now, and the next run goes on from it", maxRoots, trusted.Version)
}

// toTimestamp verifies the timestamp (TUF 1.0, 5.4). One of the version that is
// kept says the same, or is refused.
func (c *Client) toTimestamp(ctx context.Context) error {
	old, before, err := c.keptOnline()
	if err != nil {
		return err
	}
	c.snapshot = before
	f, err := get(ctx, c.fetch, head.FileName(head.Timestamp, 0), head.MaxFile)
	if err == nil {
		err = metadata.VerifyRole(c.root, c.root.Signed, head.Timestamp, f)
	}
	if err == nil && old != nil {
		err = metadata.VerifyNewer(head.Timestamp, old, f)
	}
	if err != nil {
		return err
	}
	if old != nil && old.Version == f.Version {
		f = old
	}
	if err := metadata.VerifyExpiry(head.Timestamp, f, c.at); err != nil {
		return err
	}
	if c.timestamp = f; f == old {
		return nil
	}
	return c.memory.Keep(head.Timestamp, f.Bytes)
}

// keptOnline are the timestamp and the snapshot that are kept. Where the newest
// root has other keys for one of them, both are forgotten: so a trust recovers from
// versions that an attacker drove up (TUF 1.0, 5.3.11).
func (c *Client) keptOnline() (timestamp, snapshot *metadata.File, err error) {
	for role, slot := range map[string]**metadata.File{head.Timestamp: &timestamp, head.Snapshot: &snapshot} {
		if *slot, err = c.kept(role); err != nil {
			return nil, nil, err
		}
	}
	for role, f := range map[string]*metadata.File{head.Timestamp: timestamp, head.Snapshot: snapshot} {
		if f != nil && metadata.VerifyRole(c.root, c.root.Signed, role, f) != nil {
			return nil, nil, nil
		}
	}
	return timestamp, snapshot, nil
}

// toSnapshot verifies the snapshot (TUF 1.0, 5.5); c.snapshot is the one that is kept.
func (c *Client) toSnapshot(ctx context.Context) error {
	f, err := c.listed(ctx, c.timestamp, head.Snapshot, c.root, c.snapshot)
	if err != nil {
		return err
	}
	c.snapshot = f
	return nil
}

// open gives the targets of a role, verified by what delegates to it (TUF 1.0,
// 5.6): the root, or the targets of another role.
func (c *Client) open(ctx context.Context, role string, parent *metadata.File) (*metadata.File, error) {
	old, err := c.kept(role)
	if err != nil {
		return nil, err
	}
	if old != nil && metadata.VerifyRole(c.root, parent.Signed, role, old) != nil {
		old = nil
	}
	return c.listed(ctx, c.snapshot, role, parent, old)
}

// listed gives the file of a role as by, the timestamp or the snapshot, lists it:
// old, which is verified but for that, or a new one.
func (c *Client) listed(ctx context.Context, by *metadata.File, role string, parent, old *metadata.File) (*metadata.File, error) {
	meta, ok := by.Listed(role)
	if !ok {
		return nil, &UnlistedError{role, by.Version}
	}
	if old != nil && metadata.VerifyListed(by, role, old) == nil {
		return old, metadata.VerifyExpiry(role, old, c.at)
	}
	limit := int64(head.MaxFile)
	if meta.Length > 0 {
		limit = min(limit, meta.Length)
	}
	f, err := get(ctx, c.fetch, c.name(role, meta.Version), limit)
	if err == nil {
		err = metadata.VerifyListed(by, role, f)
	}
	if err == nil {
		err = metadata.VerifyRole(c.root, parent.Signed, role, f)
	}
	// What targets may go back to, the lists tell: new keys of snapshot begin anew.
	if err == nil && old != nil && (f.Snapshot != nil || f.Version == old.Version) {
		err = metadata.VerifyNewer(role, old, f)
	}
	if err == nil {
		err = metadata.VerifyExpiry(role, f, c.at)
	}
	if err == nil {
		err = c.memory.Keep(role, f.Bytes)
	}
	return f, err
}

// name is what the file of a role is called in the repository.
func (c *Client) name(role string, version int64) string {
	if !c.Consistent() {
		return head.PlainName(role)
	}
	return head.FileName(role, version)
}

// kept reads what memory holds of a role; nil where it holds nothing.
func (c *Client) kept(role string) (*metadata.File, error) {
	raw, err := c.memory.Load(role)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := metadata.ParseFile(raw, metadata.Adopted)
	if err != nil {
		return nil, fmt.Errorf("the %s that is kept: %w", role, err)
	}
	return f, nil
}

func get(ctx context.Context, fetch Fetch, name string, limit int64) (*metadata.File, error) {
	raw, err := fetch(ctx, name, limit)
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("it has %d bytes, and at most %d are read", len(raw), limit)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	f, err := metadata.ParseFile(raw, metadata.Adopted)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}
