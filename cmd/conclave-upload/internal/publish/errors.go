package publish

import (
	"errors"
	"fmt"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

func is[E error](err error) bool { _, ok := errors.AsType[E](err); return ok }

// RollbackError: the bundle holds an older version of a role than is live.
type RollbackError struct {
	Role          string
	Live, Offered int64
}

func (e *RollbackError) Error() string {
	return fmt.Sprintf("what is offered does not chain from what is live: it holds %s %d, and %d is live: nothing was published", e.Role, e.Offered, e.Live)
}

// ForkError: the bundle holds other content than is live under one version of a role.
type ForkError struct {
	Role          string
	Version       int64
	Live, Offered metadata.Digest // of the payloads
}

func (e *ForkError) Error() string {
	return fmt.Sprintf("what is offered does not chain from what is live: its %s %d has the digest %s, and the one that is live %s: nothing was published, and one of them should not exist",
		e.Role, e.Version, e.Offered, e.Live)
}

// chainError: the roots of the bundle and those that are live make no chain.
type chainError struct{ Err error }

func (e *chainError) Error() string {
	return fmt.Sprintf("what is offered does not chain from what is live: %v: nothing was published", e.Err)
}
func (e *chainError) Unwrap() error { return e.Err }

// RootError: nothing says that what is offered is the trust that is meant.
type RootError struct {
	Theirs trust.Root // that it begins with
	Err    error      // why it does not go on from the root that is pinned; nil: none is, and nothing is live
}

func (e *RootError) Error() string {
	begins := fmt.Sprintf("the bundle's first root is %d, whose payload has the digest %s", e.Theirs.Version, e.Theirs.Digest)
	if e.Err == nil {
		return begins + "; nothing is live here, so nothing says whether that is the trust that is meant: nothing was published"
	}
	return fmt.Sprintf("%s; it does not go on from the root that is pinned: %v: nothing was published", begins, e.Err)
}
func (e *RootError) Unwrap() error { return e.Err }

// LiveError: what the registry holds for the trust can't be built on.
type LiveError struct {
	Tag string
	Err error
}

func (e *LiveError) Error() string {
	return fmt.Sprintf("what is live at the tag %s can't be built on: %v: nothing was published", e.Tag, e.Err)
}
func (e *LiveError) Unwrap() error { return e.Err }

// NumberError: clients hold the highest number that there can be of a role. An
// attacker with an online key may have brought that about.
type NumberError struct{ Role string }

func (e *NumberError) Error() string {
	return fmt.Sprintf("%s can't go on: clients hold number %d of it, after which there is none: nothing was published", e.Role, int64(lastNumber))
}

// KeyError: the online keys can't sign for a role.
type KeyError struct {
	Role string
	Root int64 // the root that says who may
	Why  string
}

func (e *KeyError) Error() string {
	return fmt.Sprintf("%s can't be signed as root %d asks for: %s: nothing was published", e.Role, e.Root, e.Why)
}

// resultError: a client would refuse what was about to be published.
type resultError struct{ Err error }

func (e *resultError) Error() string {
	return fmt.Sprintf("a client would refuse this set: %v: nothing was published", e.Err)
}
func (e *resultError) Unwrap() error { return e.Err }

// TargetError: an image or a file that the targets vouch for is not in the
// repository as they say, nor at hand.
type TargetError struct {
	Path string
	File bool // no image
	Err  error
}

func (e *TargetError) Error() string {
	return fmt.Sprintf("target %q: %v: nothing was published", e.Path, e.Err)
}
func (e *TargetError) Unwrap() error { return e.Err }

// MovedError: a tag does not name what this program left there. Somebody else
// is publishing the same trust. Committed says whether the trust's tag was
// written before that was seen.
type MovedError struct {
	Tag       string
	Committed bool
}

func (e *MovedError) Error() string {
	if e.Committed {
		return fmt.Sprintf("the tag %s was moved by someone else while this set was published: the set that is live now may lack it", e.Tag)
	}
	return fmt.Sprintf("the tag %s was moved by someone else since it was read: the live set was left as it is", e.Tag)
}

// limitError: clients would not read a file of the set.
type limitError struct {
	Name  string
	Size  int // bytes, or roots
	Limit int
}

func (e *limitError) Error() string {
	return fmt.Sprintf("%s is too much for clients: %d, and they take %d: nothing was published", e.Name, e.Size, e.Limit)
}

// MarginError: a role that no online key can sign would expire too soon after
// publication.
type MarginError struct {
	Role    string
	Version int64
	Expires time.Time
	Margin  time.Duration
}

func (e *MarginError) Error() string {
	return fmt.Sprintf("%s %d expires at %s, which is less than %s from now: nothing was published",
		e.Role, e.Version, e.Expires.UTC().Format(time.RFC3339), e.Margin)
}

// ScheduleError: what a refresh signs would expire before the next one.
type ScheduleError struct {
	Role        string
	Life, Every time.Duration
}

func (e *ScheduleError) Error() string {
	return fmt.Sprintf("a %s that is good for %s would expire before the next refresh, which comes every %s and may come a little late: nothing was signed",
		e.Role, e.Life, e.Every)
}

// DueError: the online roles are good, and a role that its holders have to
// sign expires before the next refresh.
type DueError struct {
	Role    string
	Version int64
	Expires time.Time
}

func (e *DueError) Error() string {
	return fmt.Sprintf("%s %d expires at %s, before the next refresh: its holders have to sign a new one now",
		e.Role, e.Version, e.Expires.UTC().Format(time.RFC3339))
}
