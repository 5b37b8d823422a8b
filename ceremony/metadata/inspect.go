package metadata

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Inspect reports what named files are, tolerant as in Adopted mode, and
// verifies what they are together: a root chain, or a whole set. Each of them
// counts; of a directory, Find tells which do. The names are those that TUF gives
// (1.root.json, root.json, 3.targets.json, doi.json), in any folders; a delegated
// role is known by nothing else. Expiry is held against at. The error is for no
// files at all: what is wrong with files stands in the report.
func Inspect(files map[string][]byte, at time.Time) (*Report, error) {
	if len(files) == 0 {
		return nil, errors.New("there is no metadata file to inspect")
	}
	f := &Found{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		f.Files = append(f.Files, given(name, files[name]))
	}
	return f.Inspect(at), nil
}

// Inspect reports what was found, as the function of this name does.
func (f *Found) Inspect(at time.Time) *Report {
	in := inspection{at: at, report: &Report{At: at.UTC(), Expired: []string{}, Problems: []string{}, Beside: f.Beside}}
	for _, file := range f.Files {
		in.take(file)
	}
	slices.SortStableFunc(in.files, func(a, b inspected) int {
		return cmp.Or(cmp.Compare(rank(a.role), rank(b.role)), cmp.Compare(a.role, b.role), cmp.Compare(a.Version, b.Version))
	})
	in.choose()
	in.verify()
	in.expiry()
	for _, f := range in.files {
		r := reportFile(f.name, f.Bytes, f.role, f.File, at)
		r.Signatures = in.signatures(f)
		if in.report.Scope == ScopeWhole && f.File == in.set.Snapshot {
			r.Findings = slices.Concat(r.Findings, in.set.Unlisted())
		}
		in.report.Files = append(in.report.Files, r)
	}
	in.report.Files = append(in.report.Files, in.unread...)
	in.report.Verified = len(in.report.Problems)+len(in.report.Expired) == 0
	return in.report
}

// inspection is a report in the making.
type inspection struct {
	at     time.Time
	report *Report
	files  []inspected
	unread []FileReport
	set    Set // those of files that belong together

	parents map[string][]signers // of each role, as the set says
}

// inspected is a file with the role that its name or its type gives it.
type inspected struct {
	name string
	role string
	*File
}

func (in *inspection) problem(format string, args ...any) {
	in.report.Problems = append(in.report.Problems, fmt.Sprintf(format, args...))
}

func (in *inspection) take(f FoundFile) {
	if f.Err != nil {
		r := reportFile(f.Name, f.Bytes, "", nil, in.at)
		r.Error = f.Err.Error()
		in.unread = append(in.unread, r)
		in.problem("%s can't be read: %v", printable(f.Name), f.Err)
		return
	}
	in.files = append(in.files, inspected{f.Name, f.Role, f.File})
}

// rank puts the roles in the order in which a client reads them.
func rank(role string) int {
	order := []string{typeRoot, typeTimestamp, typeSnapshot, typeTargets}
	if i := slices.Index(order, role); i >= 0 {
		return i
	}
	return len(order)
}

// choose picks the files that belong together: each root once, and of the
// other roles the version that the timestamp and the snapshot speak of.
func (in *inspection) choose() {
	byRole := map[string][]*File{}
	for _, f := range in.files {
		same := byRole[f.role]
		if n := len(same); n > 0 && same[n-1].Version == f.Version {
			if f.Digest() != same[n-1].Digest() {
				in.problem("there are two different files for %s %d", printable(f.role), f.Version)
			}
			continue
		}
		byRole[f.role] = append(same, f.File)
	}
	in.set.Roots = byRole[typeRoot]
	snapshot, listed := int64(0), map[string]FileMeta{}
	if t := pick(byRole[typeTimestamp], 0); t != nil {
		in.set.Timestamp, snapshot = t, t.Timestamp.Snapshot.Version
	}
	if s := pick(byRole[typeSnapshot], snapshot); s != nil {
		in.set.Snapshot, listed = s, s.Snapshot.Meta
	}
	in.set.Targets = pick(byRole[typeTargets], listed[typeTargets+metaSuffix].Version)
	in.set.Delegated = map[string]*File{}
	for role, files := range byRole {
		if !isTopLevel(role) {
			in.set.Delegated[role] = pick(files, listed[role+metaSuffix].Version)
		}
	}
	in.link()
}

// pick is the file with that version, else the newest one; files ascend.
func pick(files []*File, version int64) *File {
	for _, f := range files {
		if f.Version == version {
			return f
		}
	}
	if len(files) == 0 {
		return nil
	}
	return files[len(files)-1]
}

// link notes who of the set says who signs which role.
func (in *inspection) link() {
	in.parents = map[string][]signers{}
	delegated := slices.Sorted(maps.Keys(in.set.Delegated))
	for _, parent := range in.current() {
		for role, who := range parent.delegations(parent.by(), delegated) {
			if !isTopLevel(role) || parent.Root != nil {
				in.parents[role] = append(in.parents[role], who)
			}
		}
	}
}

// current lists the files of the set, with its last root only.
func (in *inspection) current() []namedFile {
	s := &in.set
	all := []namedFile{{typeTimestamp, s.Timestamp}, {typeSnapshot, s.Snapshot}, {typeTargets, s.Targets}}
	if n := len(s.Roots); n > 0 {
		all = slices.Insert(all, 0, namedFile{typeRoot, s.Roots[n-1]})
	}
	for _, role := range slices.Sorted(maps.Keys(s.Delegated)) {
		all = append(all, namedFile{role, s.Delegated[role]})
	}
	return slices.DeleteFunc(all, func(f namedFile) bool { return f.File == nil })
}

// verify finds what the files are together, and what is wrong with that.
func (in *inspection) verify() {
	s := &in.set
	switch {
	case len(s.Roots) == 0:
		in.report.Scope = ScopeNone
		in.problem("not verified: there is no root to verify against")
		return
	case s.Timestamp != nil && s.Snapshot != nil && s.Targets != nil:
		in.report.Scope = ScopeWhole
	case s.Timestamp != nil || s.Snapshot != nil || s.Targets != nil || len(s.Delegated) > 0:
		in.report.Scope = ScopePart
	default:
		in.report.Scope = ScopeChain
	}
	first, last := s.Roots[0], s.Roots[len(s.Roots)-1]
	in.report.Roots = &RootRange{first.Version, last.Version}
	in.report.Trust = last.Trust()

	check := func() error { return VerifyRootChain(s.Roots, time.Time{}) }
	if in.report.Scope == ScopeWhole {
		check = func() error { return VerifySet(s, time.Time{}) }
	}
	if err := check(); err != nil {
		in.problem("%v", err)
	} else if in.report.Scope == ScopePart {
		in.verifyPart(last)
	}
}

// verifyPart verifies what is there of a set, beneath a chain that holds. A
// set without timestamp and snapshot is what the offline roles sign.
func (in *inspection) verifyPart(root *File) {
	s := &in.set
	if (s.Timestamp != nil || s.Snapshot != nil) && (s.Timestamp == nil || s.Snapshot == nil || s.Targets == nil) {
		in.problem("the set is not complete: it needs a timestamp, a snapshot and a targets file")
	}
	for _, f := range in.current()[1:] {
		if len(in.parents[f.role]) == 0 {
			in.problem("%s is not verified: no file here delegates to it", printable(f.role))
		}
		for _, who := range in.parents[f.role] {
			if _, err := who.verify(f.role, f.File); err != nil {
				in.problem("%v", err)
			}
		}
		if isTopLevel(f.role) || f.Conclave != nil {
			if err := checkTrust(root.Trust(), f.role, f.File); err != nil {
				in.problem("%v", err)
			}
		}
	}
}

// expiry lists what of the set has expired; earlier roots may have.
func (in *inspection) expiry() {
	for _, f := range in.current() {
		if err := VerifyExpiry(f.role, f.File, in.at); err != nil {
			in.report.Expired = append(in.report.Expired, err.Error())
		}
	}
}

// signatures counts who signed f: a root by the root before it and by itself,
// any other file by those who name its role.
func (in *inspection) signatures(f inspected) []SignatureReport {
	who := in.parents[f.role]
	if f.role == typeRoot {
		who = []signers{rootSigners("root", f.File)}
		for _, old := range in.set.Roots {
			if old.Version == f.Version-1 {
				who = []signers{rootSigners("old root", old), rootSigners("new root", f.File)}
			}
		}
	}
	var reports []SignatureReport
	for _, w := range who {
		count, _ := w.verify(f.role, f.File) // what is wrong stands in the problems
		reports = append(reports, SignatureReport{By: w.by, Valid: len(count.Valid), Needed: w.Threshold,
			Met: count.Met(), KeyIDs: count.Valid, Rejected: count.Rejected})
	}
	return reports
}
