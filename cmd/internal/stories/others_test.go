package stories

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
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

// othersFound is `others-found DIR KEY`: people who know nothing of this
// project have published a repository with go-tuf. Two of the first three
// tokens sign root and targets, KEY the rest; and root has expired.
func othersFound(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: others-found DIR KEY")
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
	ts.Check(publishByGoTUF(dir, s.path("files"), holders, online))
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
func publishByGoTUF(dir, files string, holders []signer, online signer) error {
	root := tuf.Root(time.Now().Add(-10 * 24 * time.Hour).UTC())
	for role, keys := range map[string][]signer{"root": holders, "targets": holders, "snapshot": {online}, "timestamp": {online}} {
		for _, k := range keys {
			key, err := tuf.KeyFromPublicKey(k.public)
			if err != nil {
				return err
			}
			if err := root.Signed.AddKey(key, role); err != nil {
				return err
			}
		}
		root.Signed.Roles[role].Threshold = (len(keys) + 1) / 2
	}
	targets := tuf.Targets(time.Now().Add(60 * 24 * time.Hour).UTC())
	app, err := tuf.TargetFile().FromFile(filepath.Join(files, "wabbit", "app"), "sha256")
	if err != nil {
		return err
	}
	targets.Signed.Targets["wabbit/app"] = app
	week := time.Now().Add(7 * 24 * time.Hour).UTC()
	snapshot, timestamp := tuf.Snapshot(week), tuf.Timestamp(week)
	for _, err := range []error{
		written(root, filepath.Join(dir, "1.root.json"), holders[:2]),
		written(targets, filepath.Join(dir, "1.targets.json"), holders[:2]),
		written(snapshot, filepath.Join(dir, "1.snapshot.json"), []signer{online}),
		written(timestamp, filepath.Join(dir, "timestamp.json"), []signer{online}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
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
