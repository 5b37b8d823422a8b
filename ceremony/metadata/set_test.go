package metadata_test

import (
	"bytes"
	"crypto/elliptic"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestVerifySet(t *testing.T) {
	tr := newTrust(t, "wabbit")
	must(t, metadata.VerifySet(tr.set(t, 3), now))
	nameless := newTrust(t, "")
	must(t, metadata.VerifySet(nameless.set(t, 3), now))
}

// Each row changes one thing about a set that is right.
func TestVerifySetRefuses(t *testing.T) {
	tr := newTrust(t, "wabbit")
	other := *tr
	other.name = "rabbit" // the same keys serve another trust
	nameless := *tr
	nameless.name = ""
	stranger := newTrust(t, "wabbit")

	for _, c := range []struct {
		name string
		edit func(t *testing.T, s *metadata.Set)
		want any // the type of the error
		why  string
	}{
		{"no timestamp", func(t *testing.T, s *metadata.Set) { s.Timestamp = nil }, &metadata.MismatchError{}, "timestamp is missing"},
		{"no targets", func(t *testing.T, s *metadata.Set) { s.Targets = nil }, &metadata.MismatchError{}, "targets is missing"},
		{"no delegated role", func(t *testing.T, s *metadata.Set) { s.Delegated = nil }, &metadata.MismatchError{}, "team is missing"},
		{"timestamp and snapshot swapped", func(t *testing.T, s *metadata.Set) { s.Timestamp, s.Snapshot = s.Snapshot, s.Timestamp }, &metadata.MismatchError{}, "file of type snapshot"},
		{"timestamp by a stranger", func(t *testing.T, s *metadata.Set) { stranger.stamp(t, s, 3) }, &metadata.ThresholdError{}, "timestamp is not signed by enough keys of root 1: 0 of 1"},
		{"snapshot of another set", func(t *testing.T, s *metadata.Set) { s.Snapshot = tr.set(t, 3).Snapshot }, &metadata.MismatchError{}, "timestamp 3 lists"},
		{"older snapshot", func(t *testing.T, s *metadata.Set) { s.Snapshot = tr.set(t, 2).Snapshot }, &metadata.VersionError{}, "version 2 instead of 3: timestamp 3 lists it"},
		{"older targets", func(t *testing.T, s *metadata.Set) { s.Targets = tr.set(t, 2).Targets }, &metadata.VersionError{}, "version 2 instead of 3: snapshot 3 lists it"},
		{"targets with other bytes", func(t *testing.T, s *metadata.Set) { s.Targets = tr.set(t, 3).Targets }, &metadata.MismatchError{}, "snapshot 3 lists"},
		{"targets with another valid signature", func(t *testing.T, s *metadata.Set) {
			s.Targets = file(t, s.Targets.Signed.Bytes, tr.targets...)
			tr.publish(t, s, 3)
			last := s.Targets.Signatures[1].Sig
			s.Targets = adopted(t, bytes.Replace(s.Targets.Bytes, []byte(last), []byte(strings.Repeat("0", len(last))), 1))
		}, &metadata.MismatchError{}, "another sha256 than snapshot 3 lists"},
		{"targets that grew", func(t *testing.T, s *metadata.Set) {
			s.Targets = adopted(t, append(s.Targets.Bytes, '\n'))
		}, &metadata.MismatchError{}, "bytes, and snapshot 3 lists"},
		{"delegated role by its parent's keys", func(t *testing.T, s *metadata.Set) {
			s.Delegated["team"] = file(t, s.Delegated["team"].Signed.Bytes, tr.targets...)
			tr.publish(t, s, 3)
		}, &metadata.ThresholdError{}, "team is not signed by enough keys of targets 3"},
		{"a role that nobody delegates to", func(t *testing.T, s *metadata.Set) {
			s.Delegated["stray"] = s.Delegated["team"]
			tr.publish(t, s, 3)
		}, &metadata.MismatchError{}, "stray is delegated by no role"},
		{"a role that the snapshot does not list", func(t *testing.T, s *metadata.Set) {
			team := s.Delegated["team"]
			s.Delegated = nil
			tr.publish(t, s, 3)
			s.Delegated = map[string]*metadata.File{"team": team}
		}, &metadata.MismatchError{}, "team is not listed by snapshot 3"},
		{"timestamp of another trust", func(t *testing.T, s *metadata.Set) { other.stamp(t, s, 9) }, &metadata.OtherTrustError{}, "timestamp is of another trust: rabbit"},
		{"everything online of another trust", func(t *testing.T, s *metadata.Set) { other.publish(t, s, 9) }, &metadata.OtherTrustError{}, "rabbit instead of wabbit"},
		{"targets of another trust", func(t *testing.T, s *metadata.Set) {
			s.Targets = other.set(t, 3).Targets
			tr.publish(t, s, 3)
		}, &metadata.OtherTrustError{}, "targets is of another trust"},
		{"a delegated role of another trust", func(t *testing.T, s *metadata.Set) {
			s.Delegated = other.set(t, 3).Delegated
			tr.publish(t, s, 3)
		}, &metadata.OtherTrustError{}, "team is of another trust"},
		{"a timestamp that names no trust", func(t *testing.T, s *metadata.Set) { nameless.stamp(t, s, 3) }, &metadata.OtherTrustError{}, "timestamp names no trust"},
		{"no root", func(t *testing.T, s *metadata.Set) { s.Roots = nil }, nil, "there is no root"},
		{"a gap in the chain", func(t *testing.T, s *metadata.Set) {
			s.Roots = append(s.Roots, tr.rootFile(t, 3, tr.root...))
		}, &metadata.VersionError{}, "root has version 3 instead of 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tr.set(t, 3)
			c.edit(t, s)
			err := metadata.VerifySet(s, now)
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Fatalf("got %v, want %q", err, c.why)
			}
			if c.want != nil && fmt.Sprintf("%T", err) != fmt.Sprintf("%T", c.want) {
				t.Errorf("got a %T, want a %T", err, c.want)
			}
		})
	}
}

// What the snapshot does not list clients ignore until it does: a finding.
func TestUnlistedDelegation(t *testing.T) {
	tr := newTrust(t, "wabbit")
	s := tr.set(t, 3)
	if found := s.Unlisted(); len(found) != 0 {
		t.Errorf("got %v", found)
	}
	s.Delegated = nil
	tr.publish(t, s, 3)
	must(t, metadata.VerifySet(s, now))
	want := "signed.meta does not list team, to which targets 3 delegates: clients find none of its targets"
	if found := s.Unlisted(); len(found) != 1 || found[0].Code != "unlisted-role" || found[0].Text != want {
		t.Errorf("got %v", found)
	}
	report, err := metadata.Inspect(map[string][]byte{"1.root.json": s.Roots[0].Bytes, "timestamp.json": s.Timestamp.Bytes,
		"3.snapshot.json": s.Snapshot.Bytes, "3.targets.json": s.Targets.Bytes}, now)
	must(t, err)
	if found := report.Files[2].Findings; !report.Verified || len(found) != 1 || found[0].Text != want {
		t.Errorf("verified: %v; snapshot: %v", report.Verified, found)
	}
}

// Hashes other than sha256 are checked where other people's files state them.
func TestOtherHashes(t *testing.T) {
	tr := newTrust(t, "wabbit")
	for _, c := range []struct {
		hashes func(snapshot []byte) fields
		why    string // "" for none
	}{
		{func(b []byte) fields { sum := sha512.Sum512(b); return fields{"sha512": hex.EncodeToString(sum[:])} }, ""},
		{func(b []byte) fields { return fields{"sha512": strings.Repeat("00", 64)} }, "another sha512 than timestamp 3 lists"},
		{func(b []byte) fields { return fields{"md5": strings.Repeat("00", 16)} }, "a hash that can't be checked: md5"},
	} {
		s := tr.set(t, 3)
		text := edited(t, s.Timestamp.Signed.Bytes, func(body fields) {
			at(body, "meta", "snapshot.json").(fields)["hashes"] = c.hashes(s.Snapshot.Bytes)
		})
		s.Timestamp = adopted(t, assemble(t, text, tr.online))
		err := metadata.VerifySet(s, now)
		if c.why == "" {
			must(t, err)
		} else if e := wantAs[*metadata.MismatchError](t, err); !strings.Contains(e.Why, c.why) {
			t.Errorf("got %v, want %q", err, c.why)
		}
	}
}

// A team may sign with tools that know nothing of trusts.
func TestDelegatedRoleWithoutTrust(t *testing.T) {
	tr := newTrust(t, "wabbit")
	s := tr.set(t, 3)
	s.Delegated["team"] = file(t, encoded(t)(metadata.EncodeTargets(metadata.Header{Version: 1, Expires: later}, metadata.Targets{})), tr.team)
	tr.publish(t, s, 4)
	must(t, metadata.VerifySet(s, now))
}

// Expiry is told only where all else holds, for each role.
func TestVerifySetExpiry(t *testing.T) {
	tr := newTrust(t, "wabbit")
	early := now.AddDate(0, 0, -1)
	for _, role := range []string{"root", "targets", "team", "snapshot", "timestamp"} {
		s := tr.set(t, 3)
		h := tr.header(3)
		h.Expires = early
		switch role {
		case "root":
			h.Version = 1
			s.Roots[0] = file(t, encoded(t)(metadata.EncodeRoot(h, tr.rootBody())), tr.root...)
		case "targets":
			s.Targets = file(t, encoded(t)(metadata.EncodeTargets(h, tr.targetsBody())), tr.targets...)
			tr.publish(t, s, 3)
		case "team":
			s.Delegated["team"] = file(t, encoded(t)(metadata.EncodeTargets(h, metadata.Targets{})), tr.team)
			tr.publish(t, s, 3)
		case "snapshot":
			s.Snapshot = file(t, encoded(t)(metadata.EncodeSnapshot(h, *s.Snapshot.Snapshot)), tr.online)
			tr.stamp(t, s, 3)
		case "timestamp":
			s.Timestamp = file(t, encoded(t)(metadata.EncodeTimestamp(h, *s.Timestamp.Timestamp)), tr.online)
		}
		err := wantAs[*metadata.ExpiredError](t, metadata.VerifySet(s, now))
		if err.Role != role {
			t.Errorf("%s: got %+v", role, err)
		}
		must(t, metadata.VerifySet(s, early.Add(-time.Second)))
		must(t, metadata.VerifySet(s, time.Time{}))
		s.Delegated["stray"] = s.Delegated["team"]
		wantAs[*metadata.MismatchError](t, metadata.VerifySet(s, now))
	}
}

func TestHashBins(t *testing.T) {
	tr := newTrust(t, "wabbit")
	s := tr.set(t, 3)
	keys, who := keyed(1, tr.team)
	bins := &metadata.SuccinctRoles{RoleKeys: who, BitLength: 5, NamePrefix: "bin"}
	s.Targets = file(t, encoded(t)(metadata.EncodeTargets(tr.header(3), metadata.Targets{Delegations: &metadata.Delegations{Keys: keys, Succinct: bins}})), tr.targets...)
	bin := s.Delegated["team"]
	delete(s.Delegated, "team")
	for i := range 32 {
		s.Delegated[fmt.Sprintf("bin-%02x", i)] = bin
	}
	tr.publish(t, s, 3)
	must(t, metadata.VerifySet(s, now))

	delete(s.Delegated, "bin-1f")
	wantAs[*metadata.MismatchError](t, metadata.VerifySet(s, now))
	tr.publish(t, s, 4) // now the snapshot does not list it either
	must(t, metadata.VerifySet(s, now))
	if found := s.Unlisted(); len(found) != 1 || !strings.Contains(found[0].Text, "lists 31 of the 32 bins of targets 3") {
		t.Errorf("got %v", found)
	}

	for name, want := range map[string]bool{
		"bin-00": true, "bin-1f": true, "bin-20": false, "bin-0": false, "bin-000": false, "bin-1F": false,
		"bin-+1": false, "bin": false, "bin-": false, "ban-00": false, "bin-00 ": false,
	} {
		if got := bins.Bin(name); got != want {
			t.Errorf("Bin(%q) is %v", name, got)
		}
	}
	for bits, last := range map[int]string{1: "b-1", 4: "b-f", 7: "b-7f", 8: "b-ff", 14: "b-3fff", 32: "b-ffffffff"} {
		if s := (&metadata.SuccinctRoles{BitLength: bits, NamePrefix: "b"}); !s.Bin(last) || s.Bin(last+"0") {
			t.Errorf("%d bits: %s", bits, last)
		}
	}
}

// Roles that delegate to each other in a circle are walked once.
func TestDelegationCircle(t *testing.T) {
	tr := newTrust(t, "wabbit")
	s := tr.set(t, 3)
	keys, who := keyed(1, tr.team)
	delegate := func(to string) *metadata.File {
		return file(t, encoded(t)(metadata.EncodeTargets(tr.header(3), metadata.Targets{Delegations: &metadata.Delegations{
			Keys: keys, Roles: []metadata.DelegatedRole{{Name: to, RoleKeys: who, Paths: []string{"*"}}}}})), tr.team)
	}
	s.Delegated = map[string]*metadata.File{"team": delegate("crew"), "crew": delegate("team")}
	tr.publish(t, s, 3)
	must(t, metadata.VerifySet(s, now))
}

func TestVerifyUpdate(t *testing.T) {
	tr := newTrust(t, "wabbit")
	live := tr.set(t, 3)
	next := func() *metadata.Set {
		s := tr.set(t, 4)
		s.Roots = live.Roots
		return s
	}
	must(t, metadata.VerifyUpdate(live, next()))
	must(t, metadata.VerifyUpdate(live, live))

	for _, c := range []struct {
		name string
		edit func(s *metadata.Set)
		why  string
	}{
		{"an older timestamp", func(s *metadata.Set) { tr.stamp(t, s, 2) }, "timestamp has version 2 instead of 3"},
		{"the same timestamp version, other bytes", func(s *metadata.Set) { tr.stamp(t, s, 3) }, "timestamp has version 3 as before, but says something else"},
		{"an older snapshot", func(s *metadata.Set) { tr.publish(t, s, 2); tr.stamp(t, s, 4) }, "snapshot has version 2 instead of 3"},
		{"an older targets", func(s *metadata.Set) { s.Targets = tr.set(t, 2).Targets; tr.publish(t, s, 4) }, "targets has version 2 instead of 3"},
		{"the same targets version, other bytes", func(s *metadata.Set) {
			h := tr.header(3)
			h.Expires = later.Add(time.Hour)
			s.Targets = file(t, encoded(t)(metadata.EncodeTargets(h, tr.targetsBody())), tr.targets...)
			tr.publish(t, s, 4)
		}, "targets has version 3 as before"},
		{"a dropped role", func(s *metadata.Set) { s.Delegated = nil; tr.publish(t, s, 4) }, "team is dropped by snapshot 4"},
		{"an older delegated role", func(s *metadata.Set) {
			s.Delegated = tr.set(t, 2).Delegated
			tr.publish(t, s, 4)
		}, "team has version 2 instead of 3"},
		{"another root 1", func(s *metadata.Set) {
			h := tr.header(1)
			h.Expires = later.Add(time.Hour)
			s.Roots = []*metadata.File{file(t, encoded(t)(metadata.EncodeRoot(h, tr.rootBody())), tr.root...)}
		}, "root has version 1 as before, but says something else"},
		{"a chain that begins later", func(s *metadata.Set) { s.Roots = []*metadata.File{tr.rootFile(t, 2, tr.root...)} }, "does not go on from root 1"},
	} {
		s := next()
		c.edit(s)
		if err := metadata.VerifyUpdate(live, s); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.why)
		}
	}
}

// New online keys let the online versions begin anew: the way out of a fast-forward attack.
func TestVerifyUpdateAfterFastForward(t *testing.T) {
	tr := newTrust(t, "wabbit")
	live := tr.set(t, 3)
	tr.publish(t, live, 1<<53-1)
	recovered := *tr
	recovered.online = newSigners(t, 1)[0]
	next := recovered.set(t, 4)
	next.Roots = append(live.Roots[:1:1], recovered.rootFile(t, 2, tr.root...))
	must(t, metadata.VerifySet(next, now))
	must(t, metadata.VerifyUpdate(live, next))

	old := tr.set(t, 4)
	old.Roots = append(live.Roots[:1:1], tr.rootFile(t, 2, tr.root...))
	wantAs[*metadata.VersionError](t, metadata.VerifyUpdate(live, old))
	wantAs[*metadata.VersionError](t, metadata.VerifyUpdate(next, live))
}

// What a fast-forward attack listed goes back under new keys of snapshot, and under
// no others; one version still says one thing.
func TestVerifyUpdateOfTargetsAfterFastForward(t *testing.T) {
	tr := newTrust(t, "wabbit")
	live := tr.set(t, 9)
	for _, c := range []struct {
		name    string
		role    string // whose key is new
		version int64
		why     string // "" for none
	}{
		{"new snapshot key", "snapshot", 4, ""},
		{"new timestamp key", "timestamp", 4, "targets has version 4 instead of 9"},
		{"a version that says something else", "snapshot", 9, "as before, but says something else"},
	} {
		other := newSigner(t, elliptic.P256())
		body := tr.rootBody()
		body.Keys[other.ID()] = other.Key
		body.Roles[c.role] = metadata.RoleKeys{KeyIDs: []string{other.ID()}, Threshold: 1}
		next := tr.set(t, c.version)
		next.Roots = append(live.Roots[:1:1], file(t, encoded(t)(metadata.EncodeRoot(tr.header(2), body)), tr.root...))
		if c.version == 9 {
			h := tr.header(9)
			h.Expires = later.Add(time.Hour)
			next.Targets = file(t, encoded(t)(metadata.EncodeTargets(h, tr.targetsBody())), tr.targets...)
		}
		next.Delegated = nil
		err := metadata.VerifyUpdate(live, next)
		if c.why == "" {
			must(t, err)
		} else if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.why)
		}
	}
}
