package stories

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	rules "github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// signs is somebody who can sign a payload.
type signs func(payload []byte) metadata.Signature

// strangers have a trust of the same name: two keys, of which both sign, and an
// online one. All that they make is good until expires.
type strangers struct {
	w       *world
	keys    []metadata.Key
	by      []signs
	online  metadata.Key
	renews  signs
	expires time.Time
}

func (w *world) strangers() *strangers {
	x := &strangers{w: w, expires: time.Now().Add(100 * 24 * time.Hour)}
	for range 2 {
		key, by := w.key()
		x.keys, x.by = append(x.keys, key), append(x.by, by)
	}
	x.online, x.renews = w.key()
	return x
}

func (w *world) key() (metadata.Key, signs) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	key, err := metadata.NewKey(private.Public())
	w.must(err)
	return key, func(payload []byte) metadata.Signature {
		sum := sha256.Sum256(payload)
		sig, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
		w.must(err)
		return metadata.Signature{KeyID: key.ID(), Sig: hex.EncodeToString(sig)}
	}
}

// holder is one of ours, who signs what they should not.
func (w *world) holder(serial string) signs {
	return func(payload []byte) metadata.Signature {
		drawer, err := virtual.OpenDrawer(w.path("drawer"), virtual.Options{})
		w.must(err)
		w.must(drawer.Insert(serial))
		defer func() { _ = drawer.Remove(serial) }()
		found, err := drawer.Tokens(context.Background())
		w.must(err)
		info, err := found[0].Info(context.Background())
		w.must(err)
		sig, err := found[0].Sign(context.Background(), token.NewPIN([]byte(pins()[serial])), payload)
		w.must(err)
		return metadata.Signature{KeyID: info.Key.ID(), Sig: hex.EncodeToString(sig)}
	}
}

func (x *strangers) header(version int64) metadata.Header {
	return metadata.Header{Version: version, Expires: x.expires, Conclave: &metadata.Conclave{Trust: trust}}
}

func (x *strangers) root(version int64) []byte {
	held := metadata.RoleKeys{KeyIDs: []string{x.keys[0].ID(), x.keys[1].ID()}, Threshold: 2}
	slices.Sort(held.KeyIDs)
	online := metadata.RoleKeys{KeyIDs: []string{x.online.ID()}, Threshold: 1}
	signed, err := metadata.EncodeRoot(x.header(version), metadata.Root{
		ConsistentSnapshot: true,
		Keys:               map[string]metadata.Key{x.keys[0].ID(): x.keys[0], x.keys[1].ID(): x.keys[1], x.online.ID(): x.online},
		Roles:              map[string]metadata.RoleKeys{"root": held, "targets": held, "snapshot": online, "timestamp": online},
	})
	x.w.must(err)
	return signed
}

func (x *strangers) targets(version int64) []byte {
	signed, err := metadata.EncodeTargets(x.header(version), metadata.Targets{Targets: map[string]metadata.Target{
		"evil/app": {Length: 3, Hashes: map[string]string{"sha256": metadata.Sum([]byte("bad")).String()}},
	}})
	x.w.must(err)
	return signed
}

// file is signed with signatures.
func (w *world) file(signed []byte, by ...signs) []byte {
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	w.must(err)
	var sigs []metadata.Signature
	for _, sign := range by {
		sigs = append(sigs, sign(body.Payload))
	}
	return metadata.Assemble(signed, sigs)
}

// published is a whole set with roots.
func (x *strangers) published(roots ...rules.NamedFile) rules.Contents {
	c := rules.Contents{Trust: trust, Published: roots}
	targets := x.w.file(x.targets(9), x.by...)
	meta := func(version int64, b []byte) metadata.FileMeta {
		return metadata.FileMeta{Version: version, Length: int64(len(b)), Hashes: map[string]string{"sha256": metadata.Sum(b).String()}}
	}
	signed, err := metadata.EncodeSnapshot(x.header(9), metadata.Snapshot{Meta: map[string]metadata.FileMeta{"targets.json": meta(9, targets)}})
	x.w.must(err)
	snapshot := x.w.file(signed, x.renews)
	signed, err = metadata.EncodeTimestamp(x.header(9), metadata.Timestamp{Snapshot: meta(9, snapshot)})
	x.w.must(err)
	c.Published = append(c.Published, rules.NamedFile{Name: "9.targets.json", Bytes: targets},
		rules.NamedFile{Name: "9.snapshot.json", Bytes: snapshot}, rules.NamedFile{Name: "timestamp.json", Bytes: x.w.file(signed, x.renews)})
	slices.SortFunc(c.Published, func(a, b rules.NamedFile) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// chain is their roots, each signed by themselves.
func (x *strangers) chain(from, to int64) (files []rules.NamedFile) {
	for v := from; v <= to; v++ {
		files = append(files, rootFile(v, x.w.file(x.root(v), x.by...)))
	}
	return files
}

func rootFile(version int64, b []byte) rules.NamedFile {
	return rules.NamedFile{Name: fmt.Sprintf("%d.root.json", version), Bytes: b}
}

// ours are roots of the trust as they are published.
func (w *world) ours(to int) (files []rules.NamedFile) {
	for v := 1; v <= to; v++ {
		files = append(files, rootFile(int64(v), []byte(w.stands[fmt.Sprintf("%d.root.json", v)])))
	}
	return files
}

// propose adds a proposal with signatures to contents.
func (w *world) propose(c rules.Contents, role string, base metadata.Digest, signed []byte, by ...signs) rules.Contents {
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	w.must(err)
	c.Trust = trust
	c.Proposals = append(slices.Clone(c.Proposals), rules.Proposal{Trust: trust, Role: role, Version: body.Version, Signed: signed, Base: base, Reason: "trust me"})
	c.Signatures = slices.Clone(c.Signatures)
	for _, sign := range by {
		c.Signatures = append(c.Signatures, rules.ProposalSignature{Proposal: body.Digest(), Signature: sign(body.Payload)})
	}
	return c
}

// payload is the digest of a proposal of ours.
func (w *world) payload(role string, version int64) metadata.Digest {
	for _, p := range w.good.Proposals {
		if p.Role == role && p.Version == version {
			body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
			w.must(err)
			return body.Digest()
		}
	}
	w.t.Fatalf("there is no %s %d", role, version)
	return metadata.Digest{}
}

// flipped is an attestation of which one bit of the key's certificate is another.
func (w *world) flipped(text []byte) []byte {
	block, rest := pem.Decode(text)
	der := bytes.Clone(block.Bytes)
	der[len(der)-1] ^= 1 // of its signature
	return append(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}), rest...)
}

// forged attests a key as a token would of which the maker is nobody.
func (w *world) forged(text []byte) []byte {
	real, err := token.ParseAttestation(text)
	w.must(err)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	issue := func(like *x509.Certificate, public any, parent *x509.Certificate) *x509.Certificate {
		t := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: like.Subject, NotBefore: like.NotBefore, NotAfter: like.NotAfter,
			ExtraExtensions: like.Extensions, BasicConstraintsValid: true, IsCA: parent == nil}
		if parent == nil {
			parent = t
		}
		der, err := x509.CreateCertificate(rand.Reader, t, parent, public, private)
		w.must(err)
		c, err := x509.ParseCertificate(der)
		w.must(err)
		return c
	}
	device := issue(real.Device, private.Public(), nil)
	return token.Attestation{Leaf: issue(real.Leaf, real.Leaf.PublicKey, device), Device: device}.PEM()
}

// signedBytes is the payload with that digest.
func (w *world) signedBytes(id metadata.Digest) []byte {
	for _, p := range w.good.Proposals {
		body, err := metadata.ParseSigned(p.Signed, metadata.Strict)
		w.must(err)
		if body.Digest() == id {
			return body.Payload
		}
	}
	w.t.Fatalf("there is no payload %s", id)
	return nil
}
