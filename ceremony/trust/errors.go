package trust

import (
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// IncompleteError: a role lacks signatures.
type IncompleteError struct{ Quorum Quorum }

func (e *IncompleteError) Error() string {
	s := fmt.Sprintf("%s %d is not complete", text.Safe(e.Quorum.Role), e.Quorum.Version)
	for _, t := range e.Quorum.By {
		s += fmt.Sprintf("; by %s: %d of %d signatures", t.By, len(t.Signed), t.Threshold)
	}
	return s
}

// ConflictError: two different payloads claim to be one version of a role.
type ConflictError struct {
	Role    string
	Version int64
	Digests []metadata.Digest
}

func (e *ConflictError) Error() string {
	d := make([]string, len(e.Digests))
	for i := range e.Digests {
		d[i] = e.Digests[i].String()
	}
	return fmt.Sprintf("there are %d different payloads of %s %d (%s): neither can be signed or published until people have chosen one",
		len(d), text.Safe(e.Role), e.Version, strings.Join(d, ", "))
}

// Standing is how far one proposal of a bundle is.
type Standing struct {
	Role    string          `json:"role"`
	Version int64           `json:"version"`
	Digest  metadata.Digest `json:"digest"` // of the payload
	Reason  string          `json:"reason"`
	Expires time.Time       `json:"expires"`
	Quorum  Quorum          `json:"quorum"`
	Problem string          `json:"problem,omitempty"` // why it can't be signed or published
	Foreign bool            `json:"foreign,omitempty"` // it builds on nothing that is here, or nobody may sign it: it stands nowhere, and holds nothing up
}

// Standings says of each root that a bundle proposes, and of the newest proposal
// of every other role, how far it is.
func Standings(c Contents) ([]Standing, error) {
	k, err := KnownOf(c)
	if err != nil {
		return nil, err
	}
	var list []Standing
	for _, p := range k.Proposals {
		foreign := k.foreign(p)
		if !k.Due(p) && !foreign && (p.Role != "root" || k.place(p) == overtaken) {
			continue
		}
		s := Standing{Role: p.Role, Version: p.Version, Digest: p.ID, Reason: p.Reason, Expires: p.Body.Expires, Foreign: foreign}
		if s.Quorum, err = k.quorum(p); err == nil {
			err = k.conflict(p)
		}
		if err == nil && foreign {
			err = k.Signable(p)
		}
		if err != nil {
			s.Problem = err.Error()
		}
		list = append(list, s)
	}
	return list, nil
}

// foreign says whether a proposal stands nowhere: it builds on nothing that is
// here, or no version here ever let anybody sign it.
func (k Known) foreign(p *Payload) bool {
	return !k.isPublished(p) && (k.place(p) == detached || len(k.EverAuthorities(p)) == 0)
}

// OtherRootError: roots that don't follow from the one that is known here. It is
// another trust of the same name, or a forged one.
type OtherRootError struct {
	Known, Theirs Root // the newest that is known, and theirs that is not it, or does not follow
}

// Root names a root by its version and the SHA-256 of its payload.
type Root struct {
	Version int64
	Digest  metadata.Digest
}

func (e *OtherRootError) Error() string {
	return fmt.Sprintf("its root %d (SHA-256 %s) does not follow from root %d (SHA-256 %s), which is known here: it is another trust of the same name",
		e.Theirs.Version, e.Theirs.Digest, e.Known.Version, e.Known.Digest)
}

// UnverifiedError: the published set that a bundle holds does not verify. Nothing
// of the bundle is to be believed.
type UnverifiedError struct{ Err error }

func (e *UnverifiedError) Error() string {
	return "the published set in it does not verify: " + e.Err.Error()
}
func (e *UnverifiedError) Unwrap() error { return e.Err }
