package ceremony_test

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// TestSitesConverge: whatever up to five sites do, and however their bundles
// are late, partial, doubled or cross each other: once people have chosen
// between what conflicts and all bundles have gone round, all sites come to the
// same bytes. No signature was lost, none counts twice, and what was withdrawn
// stays withdrawn.
func TestSitesConverge(t *testing.T) {
	logSeed(t)
	cryptotest.SetGlobalRandom(t, 1) // digests order rivals: with other keys a seed would mean something else
	founding, tokens := founded(t)
	young := &memory{lines: bytes.Clone(founding.disk.lines), blobs: maps.Clone(founding.disk.blobs)}
	founding.signAll(tokens)
	rapid.Check(t, func(rt *rapid.T) {
		cryptotest.SetGlobalRandom(t, 2)
		w := newWorld(t, rt, rapid.SampledFrom([]*memory{founding.disk, founding.disk, young}).Draw(rt, "founding"), tokens)
		rt.Repeat(map[string]func(*rapid.T){
			"sign":    w.sign,
			"export":  w.export,
			"import":  w.importing,
			"draft":   w.draft,
			"cancel":  w.cancel,
			"publish": w.publish,
			"restart": w.restart,
		})
		w.agree(rt)
		w.late(rt)
		w.agree(rt)
		w.converged(rt)
	})
}

// logSeed gives rapid a seed where it has none, and logs it: what passed can be
// run again too.
func logSeed(t *testing.T) {
	t.Helper()
	seed := flag.Lookup("rapid.seed").Value
	if none := seed.String(); none == "0" {
		if err := seed.Set(strconv.FormatUint(mathrand.Uint64()|1, 10)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = seed.Set(none) })
	}
	t.Logf("-rapid.seed=%s", seed)
}

// world is a number of sites, and what somebody who sees all of them knows.
type world struct {
	t      *testing.T
	tokens map[string]*softToken
	sites  []*site
	sent   []trust.Contents
	drafts int
	made   map[metadata.Digest]map[metadata.Signature]bool // by payload
	ids    map[metadata.Digest]metadata.Digest             // of payloads, by the digests of their files
	about  map[metadata.Digest]trust.Proposal
	gone   map[metadata.Digest]bool // what people have decided against, anywhere
	live   map[metadata.Digest]bool // what was published, and all that it builds on
}

func newWorld(t *testing.T, rt *rapid.T, first *memory, tokens map[string]*softToken) *world {
	w := &world{t: t, tokens: tokens, made: map[metadata.Digest]map[metadata.Signature]bool{},
		ids: map[metadata.Digest]metadata.Digest{}, about: map[metadata.Digest]trust.Proposal{}, gone: map[metadata.Digest]bool{}, live: map[metadata.Digest]bool{}}
	founding := &site{t: t, disk: &memory{lines: bytes.Clone(first.lines), blobs: maps.Clone(first.blobs)}, time: &clock{start}}
	founding.restart()
	w.sites = []*site{founding}
	w.watch(founding)
	c, err := founding.Contents()
	founding.must(err)
	for n := rapid.IntRange(1, 4).Draw(rt, "other sites"); n > 0; n-- {
		s := newSite(t)
		s.begin(ceremony.Changing, fmt.Sprintf("site %d", n))
		_, err := s.Import(c, "founding.tar", metadata.Sum(nil))
		s.must(err)
		w.sites = append(w.sites, s)
	}
	return w
}

// watch takes down what a site holds.
func (w *world) watch(s *site) trust.Contents {
	c, err := s.Contents()
	s.must(err)
	for _, p := range c.Proposals {
		w.about[w.id(p)] = p
	}
	for _, sig := range c.Signatures {
		w.note(sig.Proposal, sig.Signature)
	}
	return c
}

// id is the digest of a payload, read once a file.
func (w *world) id(p trust.Proposal) metadata.Digest {
	file := metadata.Sum(p.Signed)
	if _, read := w.ids[file]; !read {
		body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
		if err != nil {
			w.t.Fatal(err)
		}
		w.ids[file] = body.Digest()
	}
	return w.ids[file]
}

func (w *world) note(id metadata.Digest, sig metadata.Signature) {
	if w.made[id] == nil {
		w.made[id] = map[metadata.Signature]bool{}
	}
	w.made[id][sig] = true
}

func (w *world) site(rt *rapid.T) *site { return rapid.SampledFrom(w.sites).Draw(rt, "site") }

// open lists what a site holds that nobody has decided against, in one order.
func (w *world) open(s *site) []metadata.Digest {
	var ids []metadata.Digest
	for _, p := range w.watch(s).Proposals {
		if id := w.id(p); !w.void(id) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b metadata.Digest) int {
		x, y := w.about[a], w.about[b]
		return cmp.Or(cmp.Compare(x.Role, y.Role), cmp.Compare(x.Version, y.Version), bytes.Compare(a[:], b[:]))
	})
	return ids
}

// void says whether people have decided against id, or what it builds on.
func (w *world) void(id metadata.Digest) bool {
	for ; ; id = w.about[id].Base {
		if w.gone[id] {
			return true
		}
		if id.IsZero() || w.about[id].Base.IsZero() {
			return false
		}
	}
}

// everything is what somebody would know who had all bundles.
func (w *world) everything() *site {
	s := newSite(w.t)
	s.begin(ceremony.Changing, "everywhere")
	for _, other := range w.sites {
		c := w.watch(other)
		c.Journals = nil
		if _, err := s.Import(c, "all.tar", metadata.Sum(nil)); err != nil && !mayRefuse(err) {
			w.t.Fatal(err)
		}
	}
	return s
}

// sign has a holder sign something. Holders go from site to site: a second
// signature by one key is made where the first is not known.
func (w *world) sign(rt *rapid.T) {
	s := w.site(rt)
	ids := w.open(s)
	if len(ids) == 0 {
		rt.Skip("nothing to sign")
	}
	id := rapid.SampledFrom(ids).Draw(rt, "payload")
	for _, holder := range rapid.SampledFrom([][]string{{"Ada"}, {"Bo"}, {"Cy"}, {"Ada", "Bo"}}).Draw(rt, "holders") {
		w.signWith(rt, s, id, holder)
	}
}

func (w *world) signWith(rt *rapid.T, s *site, id metadata.Digest, holder string) {
	if _, err := s.Review(id, s.holder(holder)); err != nil {
		return // a conflict, or a key of no role
	}
	before := w.watch(s)
	err := s.signWith(id, holder, w.tokens[holder], "123123")
	if err != nil && !errors.Is(err, token.ErrAlreadySigned) && !isType[*token.WrongTokenError](err) {
		rt.Fatalf("%s signs %s %d: %v", holder, w.about[id].Role, w.about[id].Version, err)
	}
	if after := w.watch(s); err == nil && len(after.Signatures) != len(before.Signatures)+1 {
		rt.Fatalf("%d signatures and one make %d", len(before.Signatures), len(after.Signatures))
	}
}

func (w *world) export(rt *rapid.T) {
	w.sent = append(w.sent, w.watch(w.site(rt)))
}

// importing takes over any bundle that was ever written, whole or in part.
func (w *world) importing(rt *rapid.T) {
	if len(w.sent) == 0 {
		rt.Skip("no bundle was written")
	}
	in := w.sent[rapid.IntRange(0, len(w.sent)-1).Draw(rt, "bundle")]
	switch rapid.IntRange(0, 3).Draw(rt, "part") {
	case 0:
		in.Journals, in.Attestations = nil, nil
	case 1:
		in.Signatures = in.Signatures[:len(in.Signatures)/2]
	case 2:
		in.Published = nil
	}
	s := w.site(rt)
	before := s.versions()
	if _, err := s.Import(in, "part.tar", metadata.Sum(nil)); err != nil && !mayRefuse(err) && in.Published != nil { // without its published set a root may be missing
		rt.Fatalf("refused: %v", err)
	}
	after := s.versions()
	for role, version := range before {
		if after[role] < version && !w.choice(s, version) {
			rt.Fatalf("%s %d was complete, and a bundle took it down", role, version)
		}
	}
}

// versions are those of what is complete at a site, by role.
func (s *site) versions() map[string]int64 {
	versions := map[string]int64{}
	roles, err := s.Roles()
	if err != nil {
		return versions
	}
	for _, r := range roles {
		versions[r.Name] = r.Version
	}
	return versions
}

// choice says whether a site holds several payloads of one version, up to the
// given one, that have all their signatures or are published: people have to
// choose, or others have done so.
func (w *world) choice(s *site, upTo int64) bool {
	c := w.watch(s)
	keys := map[metadata.Digest]map[string]bool{}
	for _, sig := range c.Signatures {
		if keys[sig.Proposal] == nil {
			keys[sig.Proposal] = map[string]bool{}
		}
		keys[sig.Proposal][sig.KeyID] = true
	}
	threshold := map[string]int{"root": 2, "targets": 1} // by planText
	complete := map[string]metadata.Digest{}
	other := func(role string, version int64, id metadata.Digest) bool {
		name := fmt.Sprintf("%s %d", role, version)
		have, some := complete[name]
		complete[name] = id
		return version <= upTo && some && have != id
	}
	published, err := trust.ReadPublished(c.Published)
	s.must(err)
	for _, f := range published {
		other(f.Role, f.File.Version, f.File.Digest())
	}
	for _, p := range c.Proposals {
		if id := w.id(p); len(keys[id]) >= threshold[p.Role] && other(p.Role, p.Version, id) {
			return true
		}
	}
	return false
}

// mayRefuse says whether a bundle is rightly refused: it has a published set
// that is older, and nothing else that is new.
func mayRefuse(err error) bool {
	return isType[*ceremony.ImportError](err) && strings.Contains(err.Error(), "older than what this machine knows")
}

// draft has a site freeze a new version, if it knows of nothing open of that role.
func (w *world) draft(rt *rapid.T) {
	s := w.site(rt)
	role := rapid.SampledFrom([]string{"root", "targets"}).Draw(rt, "role")
	days := rapid.IntRange(30, 35).Draw(rt, "days")
	for _, p := range s.Undecided() {
		if p.Role == role {
			rt.Skip("something is open")
		}
	}
	if s.Changeable() != nil {
		rt.Skip("not complete")
	}
	w.drafts++ // no two are made in the same second
	s.time.t = start.Add(time.Duration(w.drafts) * time.Second)
	s.edit(draft.Renew{Role: role, Days: days})
	if err := s.Freeze(); err != nil {
		s.must(s.DropEdits()) // the very payload that was withdrawn
		rt.Skip(err.Error())
	}
	w.watch(s)
}

// cancel: people agree that nobody signs something that is not complete, with
// all signatures that there are. Each site withdraws it if it knows it.
func (w *world) cancel(rt *rapid.T) {
	open := w.open(w.site(rt))
	if len(open) == 0 {
		rt.Skip("nothing to cancel")
	}
	id := rapid.SampledFrom(open).Draw(rt, "payload")
	if w.about[id].Version == 1 || w.finished(id) {
		rt.Skip("it can't be cancelled")
	}
	w.withdraw(id)
}

// finished says whether id would be complete if all bundles had gone round.
func (w *world) finished(id metadata.Digest) bool {
	all := w.everything()
	c, err := all.Contents()
	all.must(err)
	list, err := trust.Standings(c)
	all.must(err)
	i := slices.IndexFunc(list, func(s trust.Standing) bool { return s.Digest == id })
	return i < 0 || list[i].Quorum.Met() // superseded: it was complete
}

// withdraw has every site that knows id withdraw it.
func (w *world) withdraw(id metadata.Digest) {
	w.gone[id] = true
	for _, s := range w.sites {
		if err := s.Withdraw(id, "people agreed"); err != nil && !errors.Is(err, ceremony.ErrNotNow) && !errors.Is(err, trust.ErrUnknown) {
			w.t.Fatal(err)
		}
	}
}

// publish gives a site the set that another has completed, as a head.
func (w *world) publish(rt *rapid.T) {
	from, to := w.site(rt), w.site(rt)
	c := w.watch(from)
	set, err := trust.Assemble(c)
	if err != nil || w.contested(set) || !w.goesOn(set) {
		rt.Skip("nothing to publish")
	}
	head := trust.Contents{Trust: c.Trust, Published: []trust.NamedFile{}}
	maps.Copy(w.live, w.above(set))
	for _, r := range set.Roots {
		head.Published = append(head.Published, trust.NamedFile{Name: fmt.Sprintf("%d.root.json", r.Version), Bytes: r.Bytes})
	}
	head.Published = append(head.Published, trust.NamedFile{Name: fmt.Sprintf("%d.targets.json", set.Targets.Version), Bytes: set.Targets.Bytes})
	if _, err := to.Import(head, "head.tar", metadata.Sum(nil)); err != nil && !mayRefuse(err) {
		rt.Fatal(err)
	}
}

// contested says whether anything of a set has a rival somewhere: nobody
// publishes what other sites may still decide against.
func (w *world) contested(set *trust.Set) bool {
	all := w.everything()
	for _, p := range all.Undecided() {
		if p.Rivals > 0 {
			return true
		}
	}
	return slices.ContainsFunc(append(slices.Clone(set.Roots), set.Targets), func(f *metadata.File) bool { return w.void(f.Digest()) })
}

// goesOn says whether a set builds on what is live: an uploader takes no other.
func (w *world) goesOn(set *trust.Set) bool {
	above := w.above(set)
	for id := range w.live {
		if !above[id] {
			return false
		}
	}
	return true
}

// above has the newest of a set, and all that it builds on.
func (w *world) above(set *trust.Set) map[metadata.Digest]bool {
	above := map[metadata.Digest]bool{}
	for _, id := range []metadata.Digest{set.Roots[len(set.Roots)-1].Digest(), set.Targets.Digest()} {
		for ; !id.IsZero(); id = w.about[id].Base {
			above[id] = true
		}
	}
	return above
}

func (w *world) restart(rt *rapid.T) {
	s := w.site(rt)
	before, steps, versions := w.watch(s), s.Steps(), s.versions()
	s.restart()
	if !equalSteps(steps, s.Steps()) || !equalContents(before, w.watch(s)) || !maps.Equal(versions, s.versions()) {
		rt.Fatal("a replay of the journal comes to something else")
	}
}
