package publish

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
)

// Signer is an online key.
type Signer interface {
	Public() metadata.Key
	// Sign returns a signature over payload, in the form of the key's scheme.
	Sign(ctx context.Context, payload []byte) ([]byte, error)
}

// Signers are the keys that sign each online role.
type Signers struct {
	Snapshot, Timestamp []Signer
}

// Lifetimes say for how long what is signed will be good.
type Lifetimes struct {
	Snapshot, Timestamp time.Duration
}

// complete signs what next lacks: a timestamp always, a snapshot where the one
// it took over from what is live won't do. Versions follow those of base, which
// is nil for a first publication, unless next begins anew, and those of held.
func complete(ctx context.Context, next, base, held *metadata.Set, free int64, keys Signers, lives Lifetimes, at time.Time) error {
	root := next.Roots[len(next.Roots)-1]
	var trust *metadata.Conclave
	if root.Conclave != nil {
		trust = &metadata.Conclave{Trust: root.Conclave.Trust}
	}
	version, timestamp := beyond(held)
	timestamp = max(timestamp, free)
	if timestamp > lastNumber {
		return &NumberError{head.Timestamp}
	}
	if next.Snapshot == nil {
		if base != nil {
			follows := base.Snapshot.Version + 1
			if anew(base, next) {
				follows = min(follows, timestamp) // no snapshot was ever ahead of its honest timestamp
			}
			version = max(version, follows)
		}
		if version > lastNumber {
			return &NumberError{head.Snapshot}
		}
		signed, err := metadata.EncodeSnapshot(header(version, at.Add(lives.Snapshot), trust), metadata.Snapshot{Meta: listing(next, held, base)})
		if err != nil {
			return fmt.Errorf("make snapshot %d: %w", version, err)
		}
		if next.Snapshot, err = sign(ctx, root, head.Snapshot, signed, keys.Snapshot); err != nil {
			return err
		}
	}
	signed, err := metadata.EncodeTimestamp(header(timestamp, at.Add(lives.Timestamp), trust), metadata.Timestamp{Snapshot: meta(next.Snapshot)})
	if err != nil {
		return fmt.Errorf("make timestamp %d: %w", timestamp, err)
	}
	next.Timestamp, err = sign(ctx, root, head.Timestamp, signed, keys.Timestamp)
	return err
}

func header(version int64, expires time.Time, trust *metadata.Conclave) metadata.Header {
	return metadata.Header{Version: version, Expires: expires.UTC().Truncate(time.Second), Conclave: trust}
}

// listing is what a snapshot says: every file of the targets roles, and those
// that were listed before, for a snapshot may not drop one (TUF 1.0, section
// 5.5.5). What others listed by its version alone is described by its file.
func listing(s *metadata.Set, before ...*metadata.Set) map[string]metadata.FileMeta {
	list := map[string]metadata.FileMeta{}
	for _, set := range before {
		if set == nil || set.Snapshot == nil {
			continue
		}
		for name, was := range set.Snapshot.Snapshot.Meta {
			if f := set.Delegated[strings.TrimSuffix(name, ".json")]; f != nil && f.Version == was.Version {
				was = meta(f)
			}
			if was.Version >= list[name].Version {
				list[name] = was
			}
		}
	}
	list[head.Targets+".json"] = meta(s.Targets)
	for role, f := range s.Delegated {
		list[role+".json"] = meta(f)
	}
	return list
}

func meta(f *metadata.File) metadata.FileMeta {
	return metadata.FileMeta{
		Version: f.Version,
		Length:  int64(len(f.Bytes)),
		Hashes:  map[string]string{"sha256": metadata.Sum(f.Bytes).String()},
	}
}

// sign has every key sign, checks each signature in software, and joins them
// to signed.
func sign(ctx context.Context, root *metadata.File, role string, signed []byte, keys []Signer) (*metadata.File, error) {
	body, err := metadata.ParseSigned(signed, metadata.Strict)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", role, err)
	}
	var signatures []metadata.Signature
	for _, key := range keys {
		id, err := keyID(root, role, key.Public())
		if err != nil {
			return nil, err
		}
		signature, err := key.Sign(ctx, body.Payload)
		if err != nil {
			return nil, fmt.Errorf("sign %s %d: %w", role, body.Version, err)
		}
		if err := key.Public().Verify(body.Payload, signature); err != nil {
			return nil, &KeyError{role, root.Version, "the key returned a signature that does not verify"}
		}
		signatures = append(signatures, metadata.Signature{KeyID: id, Sig: hex.EncodeToString(signature)})
	}
	f, err := metadata.ParseFile(metadata.Assemble(signed, signatures), metadata.Strict)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", role, err)
	}
	if count, err := metadata.VerifyFile(root.Signed, role, f); err != nil {
		return nil, &KeyError{role, root.Version, fmt.Sprintf("%d of %d keys were given", len(count.Valid), count.Threshold)}
	}
	return f, nil
}

// keyID is the name that root gives the key, if it may sign for role.
func keyID(root *metadata.File, role string, key metadata.Key) (string, error) {
	mine, err := key.Fingerprint()
	if err != nil {
		return "", err
	}
	for _, id := range root.Root.Roles[role].KeyIDs {
		if known, err := root.Root.Keys[id].Fingerprint(); err == nil && known == mine {
			return id, nil
		}
	}
	return "", &KeyError{role, root.Version, "it does not name the key " + key.ID()}
}
