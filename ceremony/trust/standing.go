package trust

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// standing is what stands of every role: the one answer to which version a role
// has, which versions are contested, and which have all their signatures. Steps,
// drafts, exports, schedules and the uploader ask it.
type standing struct {
	lines  map[string]*line
	from   *delegations // of the newest versions that stand
	walked *delegations // those of them that targets leads to
}

// line is what stands of one role: versions of which each builds on the one
// before, what is published first.
type line struct {
	chain     []claim                   // ascending
	files     map[int64]*metadata.File  // by version: what is published or has its quorum, where that was asked
	conflicts []*ConflictError          // versions that several payloads claim, ascending
	places    map[metadata.Digest]place // of all that claim to be of the role
}

// place says where a payload is in the line of its role.
type place int

const (
	detached  place = iota // it builds on a version that is not here
	overtaken              // another payload is published under its version, or a later one is
	contested              // another payload claims its version
	waiting                // it builds on a contested version that was not chosen
	inLine                 // it stands
)

// tip is the newest version; nil for none.
func (l *line) tip() *claim {
	if len(l.chain) == 0 {
		return nil
	}
	return &l.chain[len(l.chain)-1]
}

// line is what stands of a role.
func (s *standing) line(role string) *line {
	if s != nil && s.lines[role] != nil {
		return s.lines[role]
	}
	return &line{}
}

// standing is what stands of all that is published and proposed, whether it has
// its signatures or not.
func (k Known) standing() *standing {
	if k.tips == nil {
		k.tips = k.stand(false)
		k.tips.walked = newDelegations()
		k.tips.walked.walk(k.roles(), k.Newest, k.named)
	}
	return k.tips
}

// stand works out every line: root's, then those of the others, each after all
// that delegate to it. Who may sign a version is what the newest above it say.
// finished leaves out what has not its quorum.
func (k Known) stand(finished bool) *standing {
	s := &standing{lines: map[string]*line{}, from: newDelegations()}
	take := func(role string, by func(*Payload) []Authority) {
		l := k.follow(role, by, finished)
		s.lines[role] = l
		if tip := l.tip(); tip != nil {
			s.from.add(role, tip.body, asNamed)
		}
	}
	take("root", k.rootAuthorities)
	take("targets", func(*Payload) []Authority {
		root := s.lines["root"].tip()
		if root == nil {
			return nil
		}
		return []Authority{RootAuthority("", root.body, "targets")}
	})
	for _, role := range k.parentsFirst() {
		take(role, func(*Payload) []Authority { return s.from.signers(role) })
	}
	for _, role := range []string{"snapshot", "timestamp"} {
		take(role, func(*Payload) []Authority { return nil })
	}
	return s
}

func asNamed(a Authority) Authority { return a }

// follow goes up from what is published of a role. Where several payloads claim
// a version and just one of them has its quorum, that one stands: what nobody
// signed takes nothing down. Otherwise nothing stands above it, and of the
// rivals themselves the one with the lowest digest, in whatever order they came.
func (k Known) follow(role string, by func(*Payload) []Authority, finished bool) *line {
	l := &line{files: map[int64]*metadata.File{}, places: map[metadata.Digest]place{}}
	claims := slices.SortedFunc(slices.Values(k.byRole[role]), func(a, b claim) int {
		return cmp.Or(cmp.Compare(a.body.Version, b.body.Version), bytes.Compare(a.id[:], b.id[:]))
	})
	var published int64 // the newest version that is
	alive := map[metadata.Digest]bool{}
	for _, c := range claims {
		if c.file != nil {
			l.add(c, c.file)
			published, alive[c.id] = c.body.Version, true
		}
	}
	for len(claims) > 0 {
		version, n := claims[0].body.Version, 1
		for n < len(claims) && claims[n].body.Version == version {
			n++
		}
		var rivals []claim
		for _, c := range claims[:n] {
			switch {
			case c.file != nil:
			case version <= published:
				l.places[c.id] = overtaken
			case version == 1 || alive[c.proposal.Base]:
				rivals = append(rivals, c)
				l.places[c.id] = inLine
			case l.places[c.proposal.Base] != detached:
				l.places[c.id] = waiting
			}
		}
		claims = claims[n:]
		for _, c := range k.choose(l, rivals, by, finished) {
			alive[c.id] = true
		}
	}
	return l
}

// choose puts one of those that claim the next version into the line, and
// returns those that others can build on: one, or none.
func (k Known) choose(l *line, rivals []claim, by func(*Payload) []Authority, finished bool) []claim {
	if len(rivals) == 0 {
		return nil
	}
	role, version := rivals[0].proposal.Role, rivals[0].body.Version
	if len(rivals) == 1 && !finished {
		l.add(rivals[0], nil)
		return rivals
	}
	var complete []claim
	var files []*metadata.File
	for _, c := range rivals {
		if f, err := assembleFile(c.proposal, by(c.proposal), k.signatures(c.id)); err == nil {
			complete, files = append(complete, c), append(files, f)
		}
	}
	if len(complete) == 1 {
		l.add(complete[0], files[0])
	} else if !finished {
		l.add(rivals[0], nil)
	}
	if len(rivals) > 1 {
		conflict := &ConflictError{Role: role, Version: version}
		for _, c := range rivals {
			conflict.Digests = append(conflict.Digests, c.id)
			l.places[c.id] = contested
		}
		l.conflicts = append(l.conflicts, conflict)
	} else if role != "root" {
		return rivals // a later version may have its quorum, by other keys
	}
	if len(complete) > 1 {
		return nil // people have to choose
	}
	return complete
}

func (l *line) add(c claim, f *metadata.File) {
	l.chain = append(l.chain, c)
	l.files[c.body.Version] = f
	l.places[c.id] = inLine
}

// Due says whether people have anything to do with a payload, or see by it how
// far its role is: it is the newest that stands, or not settled.
func (k Known) Due(p *Payload) bool {
	if isDelegated(p.Role) && len(k.delegations().signers(p.Role)) == 0 {
		return false
	}
	l := k.standing().line(p.Role)
	switch l.places[p.ID] {
	case overtaken:
		return false
	case inLine:
		return l.tip().id == p.ID || p.Role == "root" && !l.published(p.ID) && !k.complete(p)
	}
	return true
}

// published says whether exactly this payload is out already.
func (l *line) published(id metadata.Digest) bool {
	return slices.ContainsFunc(l.chain, func(c claim) bool { return c.id == id && c.file != nil })
}

// isPublished says whether exactly this payload is out already.
func (k Known) isPublished(p *Payload) bool { return k.standing().line(p.Role).published(p.ID) }

// place says where a payload is in the line of its role.
func (k Known) place(p *Payload) place { return k.standing().line(p.Role).places[p.ID] }

// complete says whether a payload has all its signatures, whoever else claims
// its version.
func (k Known) complete(p *Payload) bool {
	quorum, err := k.quorum(p)
	return err == nil && quorum.Met()
}

// Settled says whether a payload has all its signatures, and nobody has to
// choose between it and another.
func (k Known) Settled(p *Payload) bool { return k.complete(p) && k.conflict(p) == nil }

// rivals are the other payloads that claim the version of p, published or not.
func (k Known) rivals(p *Payload) []claim {
	return slices.DeleteFunc(slices.Clone(k.byRole[p.Role]), func(c claim) bool { return c.body.Version != p.Version || c.id == p.ID })
}

// Contest is the first version of any role that several payloads claim, as a
// *ConflictError: people choose before anything new is drafted. nil for none.
func (k Known) Contest() error {
	for _, role := range append([]string{"root", "targets"}, k.roles()...) {
		if list := k.standing().line(role).conflicts; len(list) > 0 && (!isDelegated(role) || len(k.delegations().signers(role)) > 0) {
			return list[0]
		}
	}
	return nil
}

// conflict says whether people have to choose before p is signed or published:
// between payloads of its version, or of one that it builds on, or of what says
// who may sign p: root, and every role that delegates to it. It is a
// *ConflictError.
func (k Known) conflict(p *Payload) error {
	if list := k.standing().line(p.Role).conflicts; len(list) > 0 && list[0].Version <= p.Version {
		return list[0]
	}
	if p.Role == "root" {
		return nil
	}
	above := []string{p.Role}
	for i := 0; i < len(above); i++ {
		for _, parent := range append([]string{"root"}, k.delegations().parents(above[i])...) {
			if slices.Contains(above, parent) {
				continue
			}
			if list := k.standing().line(parent).conflicts; len(list) > 0 {
				return list[0]
			}
			above = append(above, parent)
		}
	}
	return nil
}

// Above are the payloads that build on p, directly or not: they fall with it.
func (k Known) Above(p *Payload) []*Payload {
	var list []*Payload
	for _, other := range k.Proposals {
		if other.Role == p.Role && other.Base == p.ID && !k.isPublished(p) {
			list = append(append(list, other), k.Above(other)...)
		}
	}
	return list
}

// Signable says why nobody can sign p: people have to choose first
// (*ConflictError), it is too late for it, or it can't be reviewed.
func (k Known) Signable(p *Payload) error {
	name := PayloadName(p.Role, p.Version, 0)
	if err := k.conflict(p); err != nil {
		return err
	}
	switch k.place(p) {
	case overtaken:
		return fmt.Errorf("another payload is published as %s, or a later version is: this one can never take its place, and nothing was signed", name)
	case detached:
		return fmt.Errorf("%s builds on a version that is not here: it can't be reviewed, and nothing was signed", name)
	}
	return nil
}

// Withdrawable says why people can't decide against p: it is finished, or what
// builds on it is.
func (k Known) Withdrawable(p *Payload) error {
	name := PayloadName(p.Role, p.Version, 0)
	if k.place(p) == overtaken {
		return nil
	}
	if k.complete(p) {
		if k.place(p) == contested && slices.ContainsFunc(k.rivals(p), func(r claim) bool { return r.proposal != nil && k.complete(r.proposal) }) {
			return nil
		}
		return fmt.Errorf("%s has all its signatures, and may be published already", name)
	}
	for _, other := range k.Above(p) {
		if k.complete(other) {
			return fmt.Errorf("%s builds on %s and has all its signatures", PayloadName(other.Role, other.Version, 0), name)
		}
	}
	return nil
}

// Pending says whether a payload waits for people: it is due, not settled, and
// builds on what is here.
func (k Known) Pending(p *Payload) bool {
	return k.Due(p) && k.place(p) != detached && !k.Settled(p)
}
