package metadata

import (
	"errors"
	"fmt"
	"iter"
	"time"
)

// VerifyFile says whether f reaches the threshold of role as parent (a root or
// a targets) states it. It looks at no expiry and no version. The error is a
// *ThresholdError where signatures are missing, and a *MismatchError where
// parent has no such role or f is of another type.
func VerifyFile(parent *Signed, role string, f *File) (Count, error) {
	by := fmt.Sprintf("%s %d", parent.Type, parent.Version)
	who, ok := parent.signers(by, role)
	if !ok {
		return Count{}, &MismatchError{role, "is no role that " + by + " names"}
	}
	return who.verify(role, f)
}

// signers is who may sign a role, as by ("root 6") says.
type signers struct {
	RoleKeys
	keys map[string]Key
	by   string
	kind string // the type of file that they sign
}

// verify is what VerifyFile says.
func (s signers) verify(role string, f *File) (Count, error) {
	if f.Type != s.kind {
		return Count{}, &MismatchError{role, "is a file of type " + f.Type}
	}
	count := Quorum(s.RoleKeys, s.keys, f.Payload, f.Signatures)
	if !count.Met() {
		return count, &ThresholdError{Role: role, By: s.by, Count: count}
	}
	return count, nil
}

// signers is who may sign role, by a root or a targets that is called by.
func (s *Signed) signers(by, role string) (who signers, ok bool) {
	for name, who := range s.delegations(by, []string{role}) {
		if name == role {
			return who, true
		}
	}
	return signers{}, false
}

// Signers is who may sign role, as a root or a targets says, and the keys that
// it lists; false where it names no such role.
func (s *Signed) Signers(role string) (RoleKeys, map[string]Key, bool) {
	who, ok := s.signers(s.Type, role)
	return who.RoleKeys, who.keys, ok
}

// delegations yields the roles that a root or a targets names, and who signs
// them. Of hash bins it yields those that are among bins.
func (s *Signed) delegations(by string, bins []string) iter.Seq2[string, signers] {
	return func(yield func(string, signers) bool) {
		if s.Root != nil {
			for name, who := range s.Root.Roles {
				if !yield(name, signers{who, s.Root.Keys, by, name}) {
					return
				}
			}
		}
		if s.Targets == nil || s.Targets.Delegations == nil {
			return
		}
		d := s.Targets.Delegations
		for _, r := range d.Roles {
			if !yield(r.Name, signers{r.RoleKeys, d.Keys, by, typeTargets}) {
				return
			}
		}
		for _, name := range bins {
			if d.Succinct != nil && d.Succinct.Bin(name) && !yield(name, signers{d.Succinct.RoleKeys, d.Keys, by, typeTargets}) {
				return
			}
		}
	}
}

// VerifyNextRoot checks next against the trusted prev (TUF 1.0, 5.3.4 and
// 5.3.5): the version is one more, and the thresholds of both are reached.
// Where prev names its trust, next must name the same: one key may serve two
// trusts. The error is an *OtherTrustError, *VersionError, *ThresholdError or
// *MismatchError. Expiry does not matter in mid-chain.
func VerifyNextRoot(prev, next *File) error {
	if next.Type != typeRoot || prev.Type != typeRoot {
		return &MismatchError{typeRoot, "is a file of type " + next.Type}
	}
	if err := checkTrust(prev.Trust(), typeRoot, next); err != nil {
		return err
	}
	if next.Version != prev.Version+1 {
		return &VersionError{Role: typeRoot, Want: prev.Version + 1, Got: next.Version,
			Why: fmt.Sprintf("it has to follow root %d", prev.Version)}
	}
	for _, who := range []signers{rootSigners("old root", prev), rootSigners("new root", next)} {
		if _, err := who.verify(typeRoot, next); err != nil {
			return err
		}
	}
	return nil
}

// rootSigners is who signs root as root says, which is called "<as> 7".
func rootSigners(as string, root *File) signers {
	who, _ := root.signers(fmt.Sprintf("%s %d", as, root.Version), typeRoot)
	return who
}

// VerifyRootChain verifies roots[0] by itself and each next one by the one
// before it. The last must not have expired at the time at, unless at is zero;
// the *ExpiredError is returned only where all else holds (TUF 1.0, 5.3.10).
// Other errors are those of VerifyNextRoot.
func VerifyRootChain(roots []*File, at time.Time) error {
	if len(roots) == 0 {
		return errors.New("there is no root to begin with")
	}
	if _, err := VerifyFile(roots[0].Signed, typeRoot, roots[0]); err != nil {
		return err
	}
	for i, next := range roots[1:] {
		if err := VerifyNextRoot(roots[i], next); err != nil {
			return err
		}
	}
	return VerifyExpiry(typeRoot, roots[len(roots)-1], at)
}

// VerifyRole is what a client asks of the file of a role beneath root: VerifyFile
// with parent, which is root or the targets that delegates the role, and the
// names that the file gives for its trust and its role, as VerifySet holds them.
func VerifyRole(root *File, parent *Signed, role string, f *File) error {
	if _, err := VerifyFile(parent, role, f); err != nil {
		return err
	}
	if isTopLevel(role) {
		return checkTrust(root.Trust(), role, f)
	}
	return checkNames(root.Trust(), role, f)
}

// checkNames holds what a delegated file says of itself against the trust and the
// role that it stands for. It need not say anything: a team may sign with tools
// that know nothing of trusts.
func checkNames(trust, role string, f *File) error {
	if f.Conclave == nil {
		return nil
	}
	if err := checkTrust(trust, role, f); err != nil {
		return err
	}
	if says := f.Conclave.Role; says != "" && says != role {
		return &MismatchError{role, "says that it is a version of " + printable(says)}
	}
	return nil
}

// checkTrust holds what f says of its trust against want; "" wants nothing.
func checkTrust(want, role string, f *File) error {
	if want == "" || f.Trust() == want {
		return nil
	}
	return &OtherTrustError{Role: role, Want: want, Got: f.Trust()}
}

// VerifyExpiry says whether f is valid at the time at: before it expires, not
// at that second (TUF 1.0, 5.3.10). The zero time checks nothing. The error is an
// *ExpiredError.
func VerifyExpiry(role string, f *File, at time.Time) error {
	if at.IsZero() || at.Before(f.Expires) {
		return nil
	}
	return &ExpiredError{Role: role, Version: f.Version, Expires: f.Expires, At: at}
}
