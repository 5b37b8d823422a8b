package ceremony_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/record"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// head is a set as it is published, but for the online roles.
func head(set *trust.Set) []trust.NamedFile {
	var files []trust.NamedFile
	for _, r := range set.Roots {
		files = append(files, trust.NamedFile{Name: fmt.Sprintf("%d.root.json", r.Version), Bytes: r.Bytes})
	}
	files = append(files, trust.NamedFile{Name: fmt.Sprintf("%d.targets.json", set.Targets.Version), Bytes: set.Targets.Bytes})
	for role, f := range set.Delegated {
		files = append(files, trust.NamedFile{Name: fmt.Sprintf("%d.%s.json", f.Version, role), Bytes: f.Bytes})
	}
	return files
}

// refusesBundle asserts that a site takes nothing of a bundle.
func (s *site) refusesBundle(c trust.Contents, why string) {
	s.t.Helper()
	before, blobs := bytes.Clone(s.disk.lines), len(s.disk.blobs)
	_, err := s.Import(c, "bad.tar", metadata.Sum(nil))
	if !isType[*ceremony.ImportError](err) || !strings.Contains(err.Error(), why) {
		s.t.Errorf("got %v, want a refusal that speaks of %q", err, why)
	}
	if !bytes.Equal(before, s.disk.lines) || blobs != len(s.disk.blobs) {
		s.t.Error("something was written")
	}
}

// renewed is a new version of a role that all have signed.
func (s *site) renewed(tokens map[string]*softToken, role string, days int) {
	s.t.Helper()
	s.edit(draft.Renew{Role: role, Days: days})
	s.must(s.Freeze())
	s.signAll(tokens)
}

// threatened is a trust whose founding is complete, for what others make of it.
type threatened struct {
	*site
	tokens map[string]*softToken
	trust  string
	head   []trust.NamedFile // as it was published first
	root   string            // what is signed of root 1
}

func newThreatened(t *testing.T) *threatened {
	t.Helper()
	s, tokens := complete(t)
	c, err := s.Contents()
	s.must(err)
	root := slices.IndexFunc(c.Proposals, func(p trust.Proposal) bool { return p.Role == "root" })
	return &threatened{s, tokens, c.Trust, head(s.assembled()), string(c.Proposals[root].Signed)}
}

// fresh is another site that knows the trust as it was published first.
func (x *threatened) fresh(t *testing.T) *site {
	t.Helper()
	o := newSite(t)
	o.begin(ceremony.Changing, "oslo")
	_, err := o.Import(x.published(), "head.tar", metadata.Sum(nil))
	o.must(err)
	return o
}

// published is what was published first, and more.
func (x *threatened) published(more ...trust.NamedFile) trust.Contents {
	return trust.Contents{Trust: x.trust, Published: append(slices.Clone(x.head), more...)}
}

// proposed is a bundle with nothing but a root 1.
func (x *threatened) proposed(signed string) trust.Contents {
	return trust.Contents{Trust: x.trust, Proposals: []trust.Proposal{{Trust: x.trust, Role: "root", Version: 1, Signed: []byte(signed)}}}
}

// signers are as many as root 1 asks for.
func (x *threatened) signers() []*softToken {
	return []*softToken{x.tokens["Ada"], x.tokens["Bo"]}
}

// rootFile is root 1 after an edit, as a file of another version.
func (x *threatened) rootFile(t *testing.T, h metadata.Header, edit func(*metadata.Root), by ...*softToken) trust.NamedFile {
	t.Helper()
	body := *x.assembled().Roots[0].Root
	body.Keys, body.Roles = maps.Clone(body.Keys), maps.Clone(body.Roles)
	edit(&body)
	return trust.NamedFile{Name: fmt.Sprintf("%d.root.json", h.Version), Bytes: signedBy(t, by)(metadata.EncodeRoot(h, body)).Bytes}
}

func asIs(*metadata.Root) {}

// TestThreats is THREATS.md, as far as it is the rules' to refuse.
func TestThreats(t *testing.T) {
	for _, threat := range []struct {
		name  string
		check func(*testing.T, *threatened)
	}{
		{"THREATS 2: a root of another trust that shares the keys, with a higher version", threatOtherTrust},
		{"THREATS 3: keys twice, signed twice, another spelling", threatDoubleKeys},
		{"THREATS 4: bytes that change between the review and the signature", threatChangedBytes},
		{"THREATS 5: control and bidi characters are shown as escapes", threatRawCharacters},
		{"THREATS 6: a look-alike of a holder", threatLookAlike},
		{"THREATS 7: one public key under two names, nine copies of one signature", threatCopies},
		{"THREATS 8: thresholds and keyids that can't be", threatThresholds},
		{"THREATS 9: a root signed by one side only, or that skips one", threatRoots},
		{"THREATS 10: an older set offered again, other bytes under one version", threatRollback},
		{"THREATS 11: versions that are none", threatVersions},
		{"THREATS 14: two who edited copies of one bundle", threatRivals},
		{"THREATS 21: a clock ten years off, an expiry out of bounds, a leap day", threatClocks},
	} {
		t.Run(threat.name, func(t *testing.T) { threat.check(t, newThreatened(t)) })
	}
}

func threatOtherTrust(t *testing.T, x *threatened) {
	h := headerOf(2)
	h.Conclave.Trust = "rehearsal-rabbit"
	x.fresh(t).refusesBundle(x.published(x.rootFile(t, h, asIs, x.signers()...)), "rehearsal-rabbit")
}

func threatDoubleKeys(t *testing.T, x *threatened) {
	for name, bad := range map[string]string{
		"version twice":    strings.Replace(x.root, `"version":1`, `"version":1,"version":1`, 1),
		"another spelling": strings.Replace(x.root, `"version":1`, `"Version":9,"version":1`, 1),
	} {
		t.Run(name, func(t *testing.T) { x.fresh(t).refusesBundle(x.proposed(bad), "proposal root 1") })
	}
	c := x.published()
	c.Published[0].Bytes = bytes.Replace(c.Published[0].Bytes, []byte(`{"signatures"`), []byte(`{"signed":{"_type":"root","version":9},"signatures"`), 1)
	x.fresh(t).refusesBundle(c, "signed")
}

func threatChangedBytes(t *testing.T, _ *threatened) {
	s, tokens := founded(t)
	root := s.proposalOf("root")
	review, err := s.Review(root, s.holder("Ada"))
	s.must(err)
	for d, b := range s.disk.blobs {
		s.disk.blobs[d] = bytes.Replace(b, []byte(`"threshold":2`), []byte(`"threshold":1`), 1)
	}
	var sent []byte
	ada := tokens["Ada"]
	ada.sign = func(payload []byte) ([]byte, error) {
		sent, ada.sign = payload, nil
		return ada.Sign(context.Background(), pin("123123"), payload)
	}
	if _, err := s.Sign(context.Background(), "Ada", ada, pin("123123"), consent(t, review)); err != nil || metadata.Sum(sent) != review.Digest {
		t.Errorf("the token got %s, the screen showed %s: %v", metadata.Sum(sent), review.Digest, err)
	}
	if _, err := ceremony.Open(ceremony.Deps{Workspace: s.disk, Now: s.time.now, Attestations: believer{}}); !isType[*journal.Error](err) {
		t.Errorf("the changed blobs were believed after a restart: %v", err)
	}
}

func threatRawCharacters(t *testing.T, x *threatened) {
	const evil = "\x1b[2J\u202e\u200b\u009b"
	o := x.fresh(t)
	c := x.published()
	h := headerOf(2)
	c.Proposals = []trust.Proposal{{Trust: x.trust, Role: "targets", Version: 2, Base: x.assembled().Targets.Digest(), Reason: "new" + evil,
		Signed: encode(t)(metadata.EncodeTargets(h, metadata.Targets{Targets: map[string]metadata.Target{
			"app": {Length: 1, Hashes: map[string]string{"sha256": metadata.Sum(nil).String()}, Custom: []byte(`{"note":"\u001b[2J"}`)}}}))}}
	_, err := o.Import(c, "x"+evil+".tar", metadata.Sum(nil))
	o.must(err)
	r, err := o.Review(o.proposalOf("targets"), o.holder("Ada"))
	o.must(err)
	record, err := record.New([]trust.SiteJournal{{Site: journal.SiteID(o.disk.lines), Lines: o.disk.lines}})
	o.must(err)
	if shown := fmt.Sprintf("%+v %+v %+v", r.Changes, r.Warnings, record); strings.ContainsAny(shown, evil[:1]+"\u202e\u200b\u009b") {
		t.Errorf("shown raw: %q", shown)
	}
}

func threatLookAlike(t *testing.T, x *threatened) {
	if err := x.Edit(draft.AddHolder{Holder: "\u0410da", Roles: []string{"root"}}); !isType[*draft.EditError](err) || !strings.Contains(err.Error(), "looks like") {
		t.Errorf("got %v", err)
	}
}

func threatCopies(t *testing.T, x *threatened) {
	ada := keyOf(t, x.tokens["Ada"])
	twin := ada
	twin.Type = "ecdsa-sha2-nistp256"
	twinned := strings.Replace(x.root, `"keys":{`, fmt.Sprintf(`"keys":{"%s":%s,`, twin.ID(), jsonOf(t, twin)), 1)
	x.fresh(t).refusesBundle(x.proposed(twinned), "proposal root 1")

	young, tokens := founded(t)
	young.must(young.signWith(young.proposalOf("root"), "Ada", tokens["Ada"], "123123"))
	c, err := young.Contents()
	young.must(err)
	c.Signatures = slices.Repeat(c.Signatures, 9)
	o := newSite(t)
	o.begin(ceremony.Cosigning, "oslo")
	_, err = o.Import(c, "nine.tar", metadata.Sum(nil))
	o.must(err)
	if all, err := o.Contents(); err != nil || len(all.Signatures) != 1 {
		t.Errorf("%d signatures, %v", len(all.Signatures), err)
	}
	if _, err := trust.Assemble(c); !isIncomplete(err) {
		t.Errorf("one key, nine times, met a threshold of 2: %v", err)
	}
}

func threatThresholds(t *testing.T, x *threatened) {
	for name, bad := range map[string]string{
		"threshold 0":                strings.Replace(x.root, `"threshold":2`, `"threshold":0`, 1),
		"a negative threshold":       strings.Replace(x.root, `"threshold":2`, `"threshold":-1`, 1),
		"a threshold over the keys":  strings.Replace(x.root, `"threshold":2`, `"threshold":4`, 1),
		"a keyid that is no hash":    strings.ReplaceAll(x.root, keyOf(t, x.tokens["Ada"]).ID(), strings.Repeat("ab", 32)),
		"a role without any keyid":   cut(x.root, `"root":{"keyids":[`, `]`),
		"a keyid that has no object": strings.Replace(x.root, `"root":{"keyids":["`, `"root":{"keyids":["`+strings.Repeat("00", 32)+`","`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			if bad == x.root {
				t.Fatal("nothing was changed")
			}
			x.fresh(t).refusesBundle(x.proposed(bad), "proposal root 1")
		})
	}
}

func threatRoots(t *testing.T, x *threatened) {
	key, other := newSoftToken("9"), metadata.Key{}
	if _, err := key.Enrol(context.Background(), token.EnrolRequest{PIN: pin("123123")}); err != nil {
		t.Fatal(err)
	}
	other = keyOf(t, key)
	replaced := func(r *metadata.Root) {
		r.Keys[other.ID()] = other
		r.Roles["root"] = metadata.RoleKeys{KeyIDs: []string{other.ID()}, Threshold: 1}
	}
	x.fresh(t).refusesBundle(x.published(x.rootFile(t, headerOf(2), replaced, key)), "old root 1")
	x.fresh(t).refusesBundle(x.published(x.rootFile(t, headerOf(2), replaced, x.signers()...)), "new root 2")
	x.fresh(t).refusesBundle(x.published(x.rootFile(t, headerOf(3), asIs, x.signers()...)), "instead of 2")
	expired := headerOf(2)
	expired.Expires = start.AddDate(-1, 0, 0)
	o := x.fresh(t)
	if _, err := o.Import(x.published(x.rootFile(t, expired, asIs, x.signers()...), x.rootFile(t, headerOf(3), asIs, x.signers()...)), "x.tar", metadata.Sum(nil)); err != nil {
		t.Errorf("a root that expired in mid-chain: %v", err)
	}
}

func threatRollback(t *testing.T, x *threatened) {
	later, tokens := complete(t)
	old := head(later.assembled())
	early, err := later.Contents()
	later.must(err)
	later.renewed(tokens, "targets", 60)
	newer := trust.Contents{Trust: x.trust, Published: head(later.assembled())}
	o := newSite(t)
	o.begin(ceremony.Changing, "oslo")
	_, err = o.Import(newer, "newer.tar", metadata.Sum(nil))
	o.must(err)
	o.refusesBundle(trust.Contents{Trust: x.trust, Published: old}, "older than what this machine knows")
	fork := trust.Contents{Trust: x.trust, Published: slices.Clone(newer.Published)}
	last := len(fork.Published) - 1
	fork.Published[last].Bytes = signedBy(t, []*softToken{tokens["Ada"]})(metadata.EncodeTargets(headerOf(2), metadata.Targets{})).Bytes
	o.refusesBundle(fork, "is not the one that this machine knows")

	// A late bundle with something new brings that, and its old set is left out.
	early.Published = old
	in, err := o.Import(early, "late.tar", metadata.Sum(nil))
	o.must(err)
	if !in.Older || in.Proposals == 0 {
		t.Errorf("a late bundle: %+v", in)
	}
	if set := o.assembled(); set.Targets.Version != 2 {
		t.Errorf("it went back to targets %d", set.Targets.Version)
	}
}

func threatVersions(t *testing.T, x *threatened) {
	for _, v := range []string{"9007199254740993", "9223372036854775808", "-1", "0", "1.0", "1e3", "-0", "01", `"1"`} {
		x.fresh(t).refusesBundle(x.proposed(strings.Replace(x.root, `"version":1,`, `"version":`+v+`,`, 1)), "proposal root 1")
	}
}

func threatRivals(t *testing.T, x *threatened) {
	one, two := x.fresh(t), x.fresh(t)
	for days, o := range map[int]*site{60: one, 90: two} {
		o.edit(draft.Renew{Role: "targets", Days: days})
		o.must(o.Freeze())
		o.must(o.signWith(o.proposalOf("targets"), "Ada", x.tokens["Ada"], "123123"))
	}
	c, err := two.Contents()
	two.must(err)
	_, err = one.Import(c, "two.tar", metadata.Sum(nil))
	one.must(err)
	open := one.Undecided()
	if len(open) != 2 || open[0].Rivals == 0 || open[1].Rivals == 0 {
		t.Fatalf("not both are shown: %+v", open)
	}
	for _, p := range open {
		if err := one.signWith(p.Proposal, "Bo", x.tokens["Bo"], "123123"); !isType[*trust.ConflictError](err) {
			t.Errorf("signed: %v", err)
		}
	}
	if all, err := one.Contents(); err != nil || len(all.Signatures) != 2 {
		t.Errorf("%d signatures are left, %v", len(all.Signatures), err)
	}
}

func threatClocks(t *testing.T, _ *threatened) {
	for name, at := range map[string]time.Time{
		"ten years ahead":  start.AddDate(10, 0, 0),
		"ten years behind": start.AddDate(-10, 0, 0),
	} {
		t.Run(name, func(t *testing.T) {
			young, tokens := founded(t)
			root := young.proposalOf("root")
			lines := len(young.disk.lines)
			young.time.t = at
			err := young.signWith(root, "Ada", tokens["Ada"], "123123")
			if !isType[*metadata.ExpiredError](err) && !isType[*ceremony.ClockError](err) {
				t.Errorf("got %v", err)
			}
			if tokens["Ada"].signs != 1 || len(young.disk.lines) != lines { // one: its proof of possession
				t.Error("the token was asked to sign, or something was written")
			}
		})
	}
	leap := newSite(t)
	leap.time.t = time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC)
	leap.begin(ceremony.Founding, "vienna")
	leap.must(leap.AcceptPlan([]byte(planText), planFiles(t)))
	for serial, h := range map[string]string{"1001": "Ada", "1002": "Bo", "1003": "Cy"} {
		leap.enrol(h, newSoftToken(serial))
	}
	leap.must(leap.Freeze())
	r, err := leap.Review(leap.proposalOf("root"), leap.holder("Ada"))
	leap.must(err)
	if want := time.Date(2029, 2, 28, 12, 0, 0, 0, time.UTC); r.Days != 365 || !r.Expires.Equal(want) {
		t.Errorf("%d days after a leap day is %s, want %s", r.Days, r.Expires, want)
	}
}

// cut takes what stands between two marks out of a text.
func cut(text, from, to string) string {
	before, rest, _ := strings.Cut(text, from)
	_, after, _ := strings.Cut(rest, to)
	return before + from + to + after
}

func jsonOf(t *testing.T, k metadata.Key) []byte {
	t.Helper()
	b, err := k.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// encode gives back what an Encode function made.
func encode(t *testing.T) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}
