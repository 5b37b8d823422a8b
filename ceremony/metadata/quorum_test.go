package metadata_test

import (
	"crypto/elliptic"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

func TestQuorum(t *testing.T) {
	payload := []byte("payload")
	s := []signer{newSigner(t, elliptic.P256()), newSigner(t, elliptic.P384()), newSigner(t, nil)}
	slices.SortFunc(s, func(a, b signer) int { return strings.Compare(a.ID(), b.ID()) })
	stranger := newSigner(t, nil)
	keys, who := keyed(2, s...)
	sig := func(i int) metadata.Signature { return s[i].sign(t, payload) }
	wrong := func(i int) metadata.Signature { return s[i].sign(t, []byte("something else")) }
	under := func(id string, sig metadata.Signature) metadata.Signature { sig.KeyID = id; return sig }

	for _, c := range []struct {
		name     string
		sigs     []metadata.Signature
		valid    []int
		rejected map[string]string
	}{
		{"none", nil, nil, nil},
		{"two", []metadata.Signature{sig(1), sig(0)}, []int{0, 1}, nil},
		{"all", []metadata.Signature{sig(2), sig(1), sig(0)}, []int{0, 1, 2}, nil},
		{"one over something else", []metadata.Signature{sig(0), wrong(1)}, []int{0}, map[string]string{s[1].ID(): "does not match"}},
		{"one that is empty", []metadata.Signature{sig(0), {KeyID: s[1].ID()}}, []int{0}, map[string]string{s[1].ID(): "is empty"}},
		{"one that is no hex", []metadata.Signature{sig(0), {KeyID: s[1].ID(), Sig: "xyz"}}, []int{0}, map[string]string{s[1].ID(): "not written in hex"}},
		{"one by a stranger", []metadata.Signature{sig(0), stranger.sign(t, payload)}, []int{0}, map[string]string{stranger.ID(): "none of the role's"}},
		{"one under another's keyid", []metadata.Signature{sig(0), under(s[1].ID(), sig(0))}, []int{0}, map[string]string{s[1].ID(): "does not match"}},
		{"a bad one beside a good one of the same key", []metadata.Signature{wrong(0), sig(0), sig(1)}, []int{0, 1}, nil},
		{"a bad one does no harm to enough good ones", []metadata.Signature{sig(0), sig(1), wrong(2)}, []int{0, 1}, map[string]string{s[2].ID(): "does not match"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			count := metadata.Quorum(who, keys, payload, c.sigs)
			want := []string{}
			for _, i := range c.valid {
				want = append(want, s[i].ID())
			}
			if !slices.Equal(count.Valid, want) || count.Met() != (len(want) >= 2) || len(count.Signatures) != len(want) {
				t.Errorf("got %v, met %v, want %v", count.Valid, count.Met(), want)
			}
			if len(count.Rejected) != len(c.rejected) {
				t.Errorf("rejected: got %v, want %v", count.Rejected, c.rejected)
			}
			for id, why := range c.rejected {
				if !strings.Contains(count.Rejected[id], why) {
					t.Errorf("rejected %s: got %q, want %q", id, count.Rejected[id], why)
				}
			}
			f := metadata.Assemble([]byte("{}"), count.Signatures)
			if strings.Count(string(f), "keyid") != len(want) {
				t.Errorf("the signatures that counted make %s", f)
			}
		})
	}
}

// Nine copies of one signature are one vote, and so are nine signatures by one key.
func TestQuorumCountsKeysNotSignatures(t *testing.T) {
	payload := []byte("payload")
	s := newSigner(t, elliptic.P256())
	keys, who := keyed(6, append(newSigners(t, 5), s)...)
	var copies, anew []metadata.Signature
	one := s.sign(t, payload)
	for range 9 {
		copies = append(copies, one)
		anew = append(anew, s.sign(t, payload))
	}
	for name, sigs := range map[string][]metadata.Signature{"copies": copies, "made anew": anew} {
		if count := metadata.Quorum(who, keys, payload, sigs); len(count.Valid) != 1 || count.Met() {
			t.Errorf("%s: got %v", name, count.Valid)
		}
	}
}

// One public key is one vote under whatever keyid, key type or form.
func TestQuorumCountsPublicKeys(t *testing.T) {
	payload := []byte("payload")
	s := newSigner(t, elliptic.P256())
	keys, who := keyed(2, s)
	var sigs []metadata.Signature
	sigs = append(sigs, s.sign(t, payload))
	for _, k := range []metadata.Key{
		{Type: "ecdsa-sha2-nistp256", Scheme: s.Scheme, Public: s.Public},
		{Type: "ecdsa", Scheme: s.Scheme, Public: strings.TrimSpace(s.Public)},
		{Type: "ecdsa", Scheme: s.Scheme, Public: pointOf(t, s)},
	} {
		keys[k.ID()] = k
		who.KeyIDs = append(who.KeyIDs, k.ID())
		sigs = append(sigs, metadata.Signature{KeyID: k.ID(), Sig: s.sign(t, payload).Sig})
	}
	keys["f00"] = s.Key
	who.KeyIDs = append(who.KeyIDs, "f00")
	sigs = append(sigs, metadata.Signature{KeyID: "f00", Sig: sigs[0].Sig})

	count := metadata.Quorum(who, keys, payload, sigs)
	if len(count.Valid) != 1 || count.Met() || len(count.Rejected) != 4 {
		t.Errorf("got %v, met %v", count.Valid, count.Met())
	}
	for id, why := range count.Rejected {
		if !strings.Contains(why, "same public key as "+count.Valid[0]) {
			t.Errorf("%s: %s", id, why)
		}
	}
}

func TestThresholdsThatAreNeverMet(t *testing.T) {
	payload := []byte("payload")
	s := newSigner(t, nil)
	keys, who := keyed(1, s)
	sigs := []metadata.Signature{s.sign(t, payload)}
	for _, c := range []struct {
		name string
		who  metadata.RoleKeys
		keys map[string]metadata.Key
	}{
		{"threshold 0", metadata.RoleKeys{KeyIDs: who.KeyIDs}, keys},
		{"threshold -1", metadata.RoleKeys{KeyIDs: who.KeyIDs, Threshold: -1}, keys},
		{"no keyids", metadata.RoleKeys{Threshold: 1}, keys},
		{"no keys", who, nil},
		{"nobody at all", metadata.RoleKeys{}, nil},
		{"a key that can't be used", who, map[string]metadata.Key{s.ID(): {Type: "ed25519", Scheme: "ed25519", Public: "ab"}}},
	} {
		if count := metadata.Quorum(c.who, c.keys, payload, sigs); count.Met() {
			t.Errorf("%s: met by %v", c.name, count.Valid)
		}
	}
}

// The order of signatures and of keyids makes no difference.
func TestQuorumProperty(t *testing.T) {
	payload := []byte("payload")
	signers := newSigners(t, 4)
	keys, who := keyed(3, signers[:3]...)
	var pool []metadata.Signature
	for _, s := range signers {
		pool = append(pool, s.sign(t, payload), s.sign(t, payload), s.sign(t, []byte("else")), metadata.Signature{KeyID: s.ID()})
	}
	rapid.Check(t, func(t *rapid.T) {
		sigs := rapid.SliceOf(rapid.SampledFrom(pool)).Draw(t, "sigs")
		a := metadata.Quorum(who, keys, payload, sigs)
		who := metadata.RoleKeys{KeyIDs: rapid.Permutation(who.KeyIDs).Draw(t, "keyids"), Threshold: who.Threshold}
		b := metadata.Quorum(who, keys, payload, rapid.Permutation(sigs).Draw(t, "again"))
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("got %v and %v", a, b)
		}
	})
}

// 40,000 junk signatures, by strangers or by one key, cost no time.
func TestQuorumOfJunk(t *testing.T) {
	payload := []byte("payload")
	s := newSigner(t, elliptic.P384())
	keys, who := keyed(1, s)
	good := s.sign(t, payload)
	junk := s.sign(t, []byte("something else")).Sig
	var byStrangers, byOne []metadata.Signature
	for i := range 40_000 {
		byStrangers = append(byStrangers, metadata.Signature{KeyID: fmt.Sprintf("%064x", i), Sig: junk})
		byOne = append(byOne, metadata.Signature{KeyID: s.ID(), Sig: junk[:len(junk)-8] + fmt.Sprintf("%08x", i)})
	}
	for _, c := range []struct {
		name string
		sigs []metadata.Signature
		met  bool
	}{
		{"by strangers", append(byStrangers, good), true},
		{"by one key", byOne, false},
	} {
		allocated := testing.AllocsPerRun(1, func() {
			if count := metadata.Quorum(who, keys, payload, c.sigs); count.Met() != c.met {
				t.Errorf("%s: met %v", c.name, count.Met())
			}
		})
		if allocated > float64(len(c.sigs))/4 { // each that is verified costs several
			t.Errorf("%s: %v allocations for %d signatures", c.name, allocated, len(c.sigs))
		}
	}
}
