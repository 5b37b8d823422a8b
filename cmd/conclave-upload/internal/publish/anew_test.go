package publish_test

import (
	"encoding/hex"
	"fmt"
	"maps"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestFastForward: somebody with the online key has published the last versions
// that there can be. With a new key snapshot and timestamp go on after the last
// honest ones, whether the attacker has numbered the head or not.
func TestFastForward(t *testing.T) {
	for _, tags := range [][]string{{"wabbit"}, {"wabbit", fmt.Sprintf("wabbit-ts-%d", lastVersion)}} {
		t.Run(fmt.Sprint(tags), func(t *testing.T) {
			r := newMemory()
			x := trusttest.New(t, "wabbit")
			x.Publish(r, trusttest.Start)
			x.Vouch("file", []byte("content"), "")
			x.Publish(r, trusttest.Start)
			fastForward(t, r, x, tags)
			if v := x.Verified(r, trusttest.Start); v.Roles[1].Version != lastVersion || v.Roles[2].Version != lastVersion {
				t.Fatalf("clients believe in %+v", v.Roles)
			}
			x.NewOnlineKey(trusttest.Key(t, "p256"))
			for version := int64(3); version < 5; version++ {
				done := x.Publish(r, trusttest.Start)
				if done.Roles[1].Version != version || done.Roles[2].Version != version {
					t.Errorf("it went on with %+v, want versions %d", done.Roles, version)
				}
				x.Verified(r, trusttest.Start)
				x.Vouch("file", []byte("other content"), "")
			}
		})
	}
}

const lastVersion = 1<<53 - 1

// fastForward publishes what is live with the last versions there can be.
func fastForward(t *testing.T, r *memory, x *trusttest.Trust, tags []string) {
	t.Helper()
	set := *x.Verified(r, trusttest.Start).Set
	h := metadata.Header{Version: lastVersion, Expires: set.Timestamp.Expires, Conclave: set.Timestamp.Conclave}
	set.Snapshot = signedOnline(t, x, must(metadata.EncodeSnapshot(h, metadata.Snapshot{Meta: maps.Clone(set.Snapshot.Snapshot.Meta)})))
	listed := metadata.FileMeta{
		Version: lastVersion, Length: int64(len(set.Snapshot.Bytes)),
		Hashes: map[string]string{"sha256": metadata.Sum(set.Snapshot.Bytes).String()},
	}
	set.Timestamp = signedOnline(t, x, must(metadata.EncodeTimestamp(h, metadata.Timestamp{Snapshot: listed})))
	raw, err := head.Encode("wabbit", lastVersion, head.Files(&set))
	for _, tag := range tags {
		if err == nil {
			_, err = r.Put(t.Context(), registry.Put{Reference: tag, MediaType: head.ManifestType}, raw)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func signedOnline(t *testing.T, x *trusttest.Trust, signed []byte) *metadata.File {
	t.Helper()
	body := must(metadata.ParseSigned(signed, metadata.Strict))
	sig := metadata.Signature{KeyID: x.Online.Public().ID(), Sig: hex.EncodeToString(must(x.Online.Sign(t.Context(), body.Payload)))}
	return must(metadata.ParseFile(metadata.Assemble(signed, []metadata.Signature{sig}), metadata.Strict))
}

// must is for what can't fail with metadata that was published before.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
