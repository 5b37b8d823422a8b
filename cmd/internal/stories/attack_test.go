package stories

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/secure-systems-lab/go-securesystemslib/encrypted"
	"oras.land/oras-go/v2/registry/remote"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// fileName is the annotation that names the file in a layer of the head.
const fileName = "tuf.io/filename"

// fastForward is `fast-forward VERSION KEY`: somebody who has the online key,
// and may write to the registry, publishes what is live under a snapshot and a
// timestamp with a version that no lower one can follow.
func fastForward(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: fast-forward VERSION KEY")
	}
	version, err := strconv.ParseInt(args[0], 10, 64)
	ts.Check(err)
	key, err := openKey([]byte(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Check(attack(context.Background(), storyOf(ts).ref, version, key))
}

// openKey opens an online key.
func openKey(file []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(file)
	if block == nil {
		return nil, errors.New("this is no key")
	}
	der, err := encrypted.Decrypt(block.Bytes, []byte(passphrase))
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a %T does not sign", key)
	}
	return signer, nil
}

// attack replaces two layers of the live head.
func attack(ctx context.Context, ref string, version int64, key crypto.Signer) error {
	repo, err := remote.NewRepository(ref)
	if err != nil {
		return err
	}
	repo.PlainHTTP = true // it is on loopback
	_, head, err := repo.FetchReference(ctx, trust)
	if err != nil {
		return err
	}
	defer head.Close()
	raw, err := io.ReadAll(head)
	if err != nil {
		return err
	}
	var m ocispec.Manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	// replace has a layer hold what signed says, signed with the stolen key.
	replace := func(layer int, name string, signed []byte, keyid string) (metadata.FileMeta, error) {
		file, err := signedWith(key, keyid, signed)
		if err != nil {
			return metadata.FileMeta{}, err
		}
		d := m.Layers[layer]
		d.Digest, d.Size, d.Data = digest.FromBytes(file), int64(len(file)), file
		d.Annotations = map[string]string{fileName: name}
		m.Layers[layer] = d
		sum := map[string]string{"sha256": d.Digest.Encoded()}
		return metadata.FileMeta{Version: version, Length: d.Size, Hashes: sum}, repo.Push(ctx, d, bytes.NewReader(file))
	}
	at, snapshot, err := layer(m, ".snapshot.json")
	if err != nil {
		return err
	}
	header := metadata.Header{Version: version, Expires: snapshot.Expires, Conclave: snapshot.Conclave}
	signed, err := metadata.EncodeSnapshot(header, metadata.Snapshot{Meta: maps.Clone(snapshot.Snapshot.Meta)})
	if err != nil {
		return err
	}
	listed, err := replace(at, fmt.Sprintf("%d.snapshot.json", version), signed, snapshot.Signatures[0].KeyID)
	if err != nil {
		return err
	}
	at, timestamp, err := layer(m, "timestamp.json")
	if err != nil {
		return err
	}
	header.Expires = timestamp.Expires
	if signed, err = metadata.EncodeTimestamp(header, metadata.Timestamp{Snapshot: listed}); err != nil {
		return err
	}
	if _, err := replace(at, "timestamp.json", signed, timestamp.Signatures[0].KeyID); err != nil {
		return err
	}
	m.Annotations["io.conclave.version"] = strconv.FormatInt(version, 10)
	if raw, err = json.Marshal(m); err != nil {
		return err
	}
	d := ocispec.Descriptor{MediaType: m.MediaType, Digest: digest.FromBytes(raw), Size: int64(len(raw))}
	// The tag that numbers the heads is taken, too.
	if err := repo.PushReference(ctx, d, bytes.NewReader(raw), fmt.Sprintf("%s-ts-%d", trust, version)); err != nil {
		return err
	}
	return repo.PushReference(ctx, d, bytes.NewReader(raw), trust)
}

// layer finds the file with that name in a head, whose small files are inline.
func layer(m ocispec.Manifest, name string) (int, *metadata.File, error) {
	i := slices.IndexFunc(m.Layers, func(d ocispec.Descriptor) bool {
		return strings.HasSuffix(d.Annotations[fileName], name) && d.Data != nil
	})
	if i < 0 {
		return 0, nil, fmt.Errorf("the head has no %s", name)
	}
	f, err := metadata.ParseFile(m.Layers[i].Data, metadata.Strict)
	return i, f, err
}

func signedWith(key crypto.Signer, keyid string, signed []byte) ([]byte, error) {
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body.Payload)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return metadata.Assemble(signed, []metadata.Signature{{KeyID: keyid, Sig: hex.EncodeToString(sig)}}), nil
}
