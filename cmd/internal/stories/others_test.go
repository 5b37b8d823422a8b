package stories

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/sigstore/sigstore/pkg/signature"
	tuf "github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// othersFound is `others-found DIR KEY [old]`: people who know nothing of this
// project have published a repository with go-tuf. Two of the first three
// tokens sign root and targets, KEY the rest; and root has expired. An old one
// has not: it began with keys in hex, which its root 2 has in PEM, and has come
// to snapshot 165 and timestamp 762.
func othersFound(ts *testscript.TestScript, neg bool, args []string) {
	old := len(args) == 3 && args[2] == "old"
	if neg || len(args) != 2 && !old {
		ts.Fatalf("usage: others-found DIR KEY [old]")
	}
	s, ctx := storyOf(ts), context.Background()
	key, err := openKey([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	online := signer{key.Public(), func(payload []byte) ([]byte, error) {
		sum := sha256.Sum256(payload)
		return key.Sign(rand.Reader, sum[:], crypto.SHA256)
	}}
	drawer, err := virtual.OpenDrawer(s.path("drawer"), virtual.Options{})
	ts.Check(err)
	var holders []signer
	for i := range 3 {
		h, err := holder(ctx, drawer, fmt.Sprint(firstSerial+i))
		ts.Check(err)
		holders = append(holders, h)
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(publishByGoTUF(dir, s.path("files"), holders, online, old))
}

// signer is a key as go-tuf takes one. No option changes how it signs.
type signer struct {
	public crypto.PublicKey
	sign   func(payload []byte) ([]byte, error)
}

func (s signer) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return s.public, nil
}

func (s signer) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	payload, err := io.ReadAll(message)
	if err != nil {
		return nil, err
	}
	return s.sign(payload)
}

// holder is somebody with a token that has a key already.
func holder(ctx context.Context, drawer *virtual.Drawer, serial string) (signer, error) {
	if err := drawer.Insert(serial); err != nil {
		return signer{}, err
	}
	defer func() { _ = drawer.Remove(serial) }() // it is there
	found, err := drawer.Tokens(ctx)
	if err != nil {
		return signer{}, err
	}
	tok, pin := found[0].(token.Enroller), func() token.PIN { return token.NewPIN([]byte(pins()[serial])) }
	made, err := tok.Enrol(ctx, token.EnrolRequest{
		PIN: pin(), PUK: token.NewPIN([]byte("ACDEFGHJ")), Algorithm: token.P256,
		Touch: token.TouchAlways, PINPolicy: token.PINOnce, Subject: "somebody", Now: time.Now(),
	})
	if err != nil {
		return signer{}, err
	}
	public, err := made.Key.PublicKey()
	return signer{public, func(payload []byte) ([]byte, error) {
		if err := drawer.Insert(serial); err != nil {
			return nil, err
		}
		sig, err := tok.Sign(ctx, pin(), payload)
		if err != nil {
			return nil, err
		}
		return sig, drawer.Remove(serial)
	}}, err
}

// publishByGoTUF writes a repository with consistent snapshots, whose target
// is wabbit/app.
func publishByGoTUF(dir, files string, holders []signer, online signer, old bool) error {
	root, err := rootOf(holders, online, time.Now().Add(-10*24*time.Hour), tuf.KeyFromPublicKey)
	if err != nil {
		return err
	}
	numbers := map[string]int64{"root": 1, "snapshot": 1, "timestamp": 1}
	if old {
		if root, err = oldRoots(dir, holders, online); err != nil {
			return err
		}
		numbers = map[string]int64{"root": 2, "snapshot": 165, "timestamp": 762}
	}
	targets := tuf.Targets(time.Now().Add(60 * 24 * time.Hour).UTC())
	app, err := tuf.TargetFile().FromFile(filepath.Join(files, "wabbit", "app"), "sha256")
	if err != nil {
		return err
	}
	targets.Signed.Targets["wabbit/app"] = app
	week := time.Now().Add(7 * 24 * time.Hour).UTC()
	snapshot, timestamp := tuf.Snapshot(week), tuf.Timestamp(week)
	root.Signed.Version, snapshot.Signed.Version, timestamp.Signed.Version = numbers["root"], numbers["snapshot"], numbers["timestamp"]
	timestamp.Signed.Meta["snapshot.json"] = tuf.MetaFile(numbers["snapshot"])
	for _, err := range []error{
		written(root, filepath.Join(dir, fmt.Sprintf("%d.root.json", numbers["root"])), holders[:2]),
		written(targets, filepath.Join(dir, "1.targets.json"), holders[:2]),
		written(snapshot, filepath.Join(dir, fmt.Sprintf("%d.snapshot.json", numbers["snapshot"])), []signer{online}),
		written(timestamp, filepath.Join(dir, "timestamp.json"), []signer{online}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// rootOf is a root that has keys in the form that named gives them.
func rootOf(holders []signer, online signer, expires time.Time, named func(crypto.PublicKey) (*tuf.Key, error)) (*tuf.Metadata[tuf.RootType], error) {
	root := tuf.Root(expires.UTC())
	for role, keys := range map[string][]signer{"root": holders, "targets": holders, "snapshot": {online}, "timestamp": {online}} {
		for _, k := range keys {
			key, err := named(k.public)
			if err != nil {
				return nil, err
			}
			if err := root.Signed.AddKey(key, role); err != nil {
				return nil, err
			}
		}
		root.Signed.Roles[role].Threshold = (len(keys) + 1) / 2
	}
	return root, nil
}

// oldRoots writes a root 1 whose keys are in hex, and returns a root 2 that has
// them in PEM, with the signatures that root 1 asks for.
func oldRoots(dir string, holders []signer, online signer) (*tuf.Metadata[tuf.RootType], error) {
	month := time.Now().Add(30 * 24 * time.Hour)
	first, err := rootOf(holders, online, month, inHex)
	if err != nil {
		return nil, err
	}
	second, err := rootOf(holders, online, month, tuf.KeyFromPublicKey)
	if err != nil {
		return nil, err
	}
	second.Signed.Version = 2
	for _, root := range []*tuf.Metadata[tuf.RootType]{first, second} {
		for _, k := range holders[:2] {
			key, err := inHex(k.public)
			if err != nil {
				return nil, err
			}
			sig, err := root.Sign(k)
			if err != nil {
				return nil, err
			}
			if sig.KeyID, err = key.ID(); err != nil {
				return nil, err
			}
			root.Signatures[len(root.Signatures)-1] = *sig
		}
	}
	return second, first.ToFile(filepath.Join(dir, "1.root.json"), false)
}

// inHex is a P-256 key as it was written before TUF 1.0.
func inHex(public crypto.PublicKey) (*tuf.Key, error) {
	key, err := tuf.KeyFromPublicKey(public)
	if err != nil {
		return nil, err
	}
	point, err := public.(*ecdsa.PublicKey).Bytes()
	return &tuf.Key{Type: "ecdsa-sha2-nistp256", Scheme: key.Scheme, Value: tuf.KeyVal{PublicKey: hex.EncodeToString(point)}}, err
}

// written has keys sign m, and writes it.
func written[T tuf.Roles](m *tuf.Metadata[T], name string, keys []signer) error {
	for _, k := range keys {
		if _, err := m.Sign(k); err != nil {
			return err
		}
	}
	return m.ToFile(name, false)
}
