package metadata_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// rotations makes chains of roots. Its keys are the same each time.
type rotations struct {
	keys  []chainKey
	begun map[string]begun // by the text of a root 1
	seen  map[string]int   // how often there was what
}

type begun struct {
	theirs *trustedmetadata.TrustedMetadata
	ours   *metadata.File
}

type chainKey struct {
	id      string
	object  map[string]any
	private ed25519.PrivateKey
}

func newRotations() *rotations {
	m := &rotations{begun: map[string]begun{}, seen: map[string]int{}}
	for i := range 7 {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = byte(i)
		private := ed25519.NewKeyFromSeed(seed)
		m.keys = append(m.keys, newChainKey(private, nil))
	}
	return m
}

// newChainKey is a key object, with more fields than it needs.
func newChainKey(private ed25519.PrivateKey, more map[string]any) chainKey {
	object := map[string]any{"keytype": "ed25519", "scheme": "ed25519",
		"keyval": map[string]any{"public": hex.EncodeToString(private.Public().(ed25519.PublicKey))}}
	for field, v := range more {
		object[field] = v
	}
	return chainKey{metadata.Sum(marshal(object)).String(), object, private}
}

// marshal writes what is canonical already: plain ASCII, sorted keys.
func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a test's own map
	}
	return b
}

// chainRoot is a root as it is made, and what was done to it.
type chainRoot struct {
	version   int64
	trust     string
	expires   string
	typ       string
	threshold int64
	holders   []chainKey
	named     []string // keyids of the root role; of holders, unless damaged
	unlisted  string   // keyid of a holder whose key object is left out
	signers   []chainKey
	damage    string
	text      []byte
}

// times are before, at the second before and long after the time of the tests.
func times() []string {
	return []string{"2027-02-01T00:00:00Z", "2027-03-01T12:00:01Z", "2028-01-01T00:00:00Z"}
}

// first is a root 1 that is as it should be.
func (m *rotations) first(draw func(int, string) int) chainRoot {
	r := chainRoot{version: 1, typ: "root", expires: times()[draw(len(times()), "expires")]}
	if draw(2, "named") == 1 {
		r.trust = "wabbit"
	}
	m.staff(draw, &r)
	r.signers = r.holders
	r.write(func([]map[string]string) []map[string]string { return nil })
	return r
}

// staff chooses the root role's keys and threshold.
func (m *rotations) staff(draw func(int, string) int, r *chainRoot) {
	n, at := 1+draw(4, "keys"), draw(len(m.keys), "first key")
	r.holders, r.named = nil, nil
	for i := range n {
		k := m.keys[(at+i)%len(m.keys)]
		r.holders = append(r.holders, k)
		r.named = append(r.named, k.id)
	}
	r.threshold = int64(1 + draw(n, "threshold"))
}

// next is a root that follows prev, more or less.
func (m *rotations) next(draw func(int, string) int, prev chainRoot) chainRoot {
	r := chainRoot{version: prev.version + 1, typ: "root", trust: prev.trust, expires: times()[draw(len(times()), "expires")],
		holders: prev.holders, named: prev.named, threshold: prev.threshold}
	if draw(2, "rotate") == 1 {
		m.staff(draw, &r)
	}
	all := slices.Clone(prev.holders)
	for _, k := range r.holders {
		if !slices.ContainsFunc(all, func(o chainKey) bool { return o.id == k.id }) {
			all = append(all, k)
		}
	}
	for _, k := range all { // most sign: else hardly any root would be accepted
		if draw(8, "signs") > 0 {
			r.signers = append(r.signers, k)
		}
	}
	list := damages()
	d := list[0]
	if draw(3, "whole") == 0 {
		d = list[draw(len(list), "damage")]
	}
	r.damage = d.name
	if d.body != nil {
		d.body(m, &r)
	}
	r.write(d.signatures)
	return r
}

// write signs the root, and hands the signatures to spoil.
func (r *chainRoot) write(spoil func([]map[string]string) []map[string]string) {
	keys := map[string]any{}
	for _, k := range r.holders {
		if k.id != r.unlisted {
			keys[k.id] = k.object
		}
	}
	online := newChainKey(ed25519.NewKeyFromSeed([]byte(strings.Repeat("o", ed25519.SeedSize))), nil)
	keys[online.id] = online.object
	other := map[string]any{"keyids": []string{online.id}, "threshold": 1}
	body := map[string]any{
		"_type": r.typ, "consistent_snapshot": true, "expires": r.expires, "keys": keys, "spec_version": "1.0.31", "version": r.version,
		"roles": map[string]any{"root": map[string]any{"keyids": r.named, "threshold": r.threshold}, "targets": other, "snapshot": other, "timestamp": other},
	}
	if r.trust != "" {
		body["x-conclave"] = map[string]any{"trust": r.trust}
	}
	signed := marshal(body)
	sigs := []map[string]string{}
	for _, k := range r.signers {
		sigs = append(sigs, map[string]string{"keyid": k.id, "sig": hex.EncodeToString(ed25519.Sign(k.private, signed))})
	}
	slices.SortFunc(sigs, func(a, b map[string]string) int { return strings.Compare(a["keyid"], b["keyid"]) })
	if spoil != nil {
		if spoilt := spoil(sigs); spoilt != nil {
			sigs = spoilt
		}
	}
	r.text = fmt.Appendf(nil, `{"signatures":%s,"signed":%s}`, marshal(sigs), signed)
}

// damage is one way in which a root is not as it should be.
type damage struct {
	name       string
	body       func(m *rotations, r *chainRoot)
	signatures func([]map[string]string) []map[string]string
}

// flipped is a signature with its last bit the other way.
func flipped(sig string) string {
	b := []byte(sig)
	if b[len(b)-1] == '0' {
		b[len(b)-1] = '1'
	} else {
		b[len(b)-1] = '0'
	}
	return string(b)
}

// keep leaves as signers those who hold a key of the new root, or those who do not.
func (r *chainRoot) keep(newOnes bool) {
	r.signers = slices.DeleteFunc(slices.Clone(r.signers), func(k chainKey) bool {
		return newOnes != slices.ContainsFunc(r.holders, func(h chainKey) bool { return h.id == k.id })
	})
}

// join adds a key to the root role.
func (r *chainRoot) join(k chainKey) {
	r.holders, r.named = append(slices.Clone(r.holders), k), append(slices.Clone(r.named), k.id)
}

func damages() []damage {
	body := func(name string, do func(m *rotations, r *chainRoot)) damage { return damage{name: name, body: do} }
	sigs := func(name string, do func([]map[string]string) []map[string]string) damage {
		return damage{name: name, signatures: func(s []map[string]string) []map[string]string {
			if len(s) == 0 {
				return s
			}
			return do(s)
		}}
	}
	return []damage{
		{name: "none"},
		body("a version is skipped", func(_ *rotations, r *chainRoot) { r.version++ }),
		body("the version before again: a fork", func(_ *rotations, r *chainRoot) { r.version-- }),
		body("version 0", func(_ *rotations, r *chainRoot) { r.version = 0 }),
		body("a negative version", func(_ *rotations, r *chainRoot) { r.version = -r.version }),
		body("another type", func(_ *rotations, r *chainRoot) { r.typ = "targets" }),
		body("another trust", func(_ *rotations, r *chainRoot) { r.trust = "rabbit" }),
		body("no trust", func(_ *rotations, r *chainRoot) { r.trust = "" }),
		body("the new quorum only", func(_ *rotations, r *chainRoot) { r.keep(true) }),
		body("no new key signs", func(_ *rotations, r *chainRoot) { r.keep(false) }),
		body("nobody signs", func(_ *rotations, r *chainRoot) { r.signers = nil }),
		body("threshold 0", func(_ *rotations, r *chainRoot) { r.threshold = 0 }),
		body("a negative threshold", func(_ *rotations, r *chainRoot) { r.threshold = -1 }),
		body("a threshold over the keys", func(_ *rotations, r *chainRoot) { r.threshold = int64(len(r.holders)) + 1 }),
		body("no keyids", func(_ *rotations, r *chainRoot) { r.named = []string{} }),
		body("a keyid twice", func(_ *rotations, r *chainRoot) { r.named = append(slices.Clone(r.named), r.named[0]) }),
		body("a keyid without a key", func(m *rotations, r *chainRoot) {
			r.join(newChainKey(m.keys[0].private, map[string]any{"x": "gone"}))
			r.unlisted = r.named[len(r.named)-1]
		}),
		body("a key under two keyids", func(_ *rotations, r *chainRoot) {
			twin := newChainKey(r.holders[0].private, map[string]any{"x": "twin"})
			r.join(twin)
			r.signers = append(slices.Clone(r.signers), twin)
			r.threshold = int64(len(r.holders))
		}),
		body("a keyid that is no hash of its key", func(m *rotations, r *chainRoot) {
			odd := newChainKey(m.keys[0].private, map[string]any{"x": "odd"})
			odd.id = strings.Repeat("ab", 32)
			r.join(odd)
			r.signers = append(slices.Clone(r.signers), odd)
		}),
		body("a key of a type of tomorrow", func(m *rotations, r *chainRoot) {
			r.join(newChainKey(m.keys[0].private, map[string]any{"keytype": "ml-dsa", "scheme": "ml-dsa-65"}))
		}),
		body("an Ed25519 key of two bytes", func(m *rotations, r *chainRoot) {
			r.join(newChainKey(m.keys[0].private, map[string]any{"keyval": map[string]any{"public": "abcd"}}))
		}),
		body("an unknown field", func(m *rotations, r *chainRoot) {
			r.join(newChainKey(m.keys[6].private, map[string]any{"x-field": "y"}))
		}),
		sigs("a signature twice", func(s []map[string]string) []map[string]string { return append(s, s[0]) }),
		sigs("nine copies of one signature", func(s []map[string]string) []map[string]string { return slices.Repeat(s[:1], 9) }),
		sigs("a second signature that is junk", func(s []map[string]string) []map[string]string {
			return append(s, map[string]string{"keyid": s[0]["keyid"], "sig": flipped(s[0]["sig"])})
		}),
		sigs("a signature that is empty", func(s []map[string]string) []map[string]string {
			return append([]map[string]string{{"keyid": s[0]["keyid"], "sig": ""}}, s[1:]...)
		}),
		sigs("a signature with a bit flipped", func(s []map[string]string) []map[string]string {
			return append([]map[string]string{{"keyid": s[0]["keyid"], "sig": flipped(s[0]["sig"])}}, s[1:]...)
		}),
		sigs("one signature under everybody's keyid", func(s []map[string]string) []map[string]string {
			var out []map[string]string
			for _, x := range s {
				out = append(out, map[string]string{"keyid": x["keyid"], "sig": s[0]["sig"]})
			}
			return out
		}),
		sigs("a signature by a keyid that nobody knows", func(s []map[string]string) []map[string]string {
			return append(s, map[string]string{"keyid": strings.Repeat("00", 32), "sig": s[0]["sig"]})
		}),
		sigs("signatures of the version before", func(s []map[string]string) []map[string]string {
			var out []map[string]string
			for _, x := range s {
				out = append(out, map[string]string{"keyid": x["keyid"], "sig": strings.Repeat("00", ed25519.SignatureSize)})
			}
			return out
		}),
	}
}
