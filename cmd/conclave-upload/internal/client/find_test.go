package client_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/walk"
)

// verified publishes x and verifies it.
func verified(t *testing.T, x *trusttest.Trust) *client.Verified {
	t.Helper()
	r, _ := published(t, x)
	return x.Verified(r, trusttest.Start)
}

// TestFindInHashBins: go-tuf's client finds nothing by path_hash_prefixes; ours does.
func TestFindInHashBins(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.HashBins()
	x.UpdateWith("bin-1", map[string][]byte{"a": []byte("content"), "b": []byte("stray")}) // SHA-256 ca97..., 3e23...
	v := verified(t, x)
	found, err := v.Find("a")
	if err != nil || found.Role != "bin-1" || found.Length != int64(len("content")) {
		t.Errorf("got %+v, %v", found, err)
	}
	var missing *walk.NotFoundError
	if found, err := v.Find("b"); !errors.As(err, &missing) {
		t.Errorf("what is in the wrong bin was found: %+v, %v", found, err)
	}
}

// TestFindAgrees: go-tuf's client has to come to the same answer, where it can.
func TestFindAgrees(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	x.Delegate("team", "team/*")
	x.UpdateWith("team", map[string][]byte{"team/file": []byte("content"), "file": []byte("stray")})
	v := verified(t, x)
	if found, err := v.Find("team/file"); err != nil || found.Role != "team" {
		t.Fatalf("got %+v, %v", found, err)
	}
	var missing *walk.NotFoundError
	if _, err := v.Find("file"); !errors.As(err, &missing) {
		t.Errorf("outside of its paths: %v", err)
	}

	team := v.Set.Delegated["team"].Targets.Targets
	for name, c := range map[string]struct {
		ours metadata.Target
		says string
	}{
		"another length": {metadata.Target{Length: 8, Hashes: team["team/file"].Hashes}, "ours says that it has 8 bytes"},
		"another hash":   {metadata.Target{Length: 7, Hashes: map[string]string{"sha256": "00"}}, "go-tuf's client says that it has 7 bytes"},
		"not there":      {metadata.Target{}, "ours says that no role vouches"},
	} {
		if team["team/file"] = c.ours; c.ours.Hashes == nil {
			delete(team, "team/file")
		}
		var disagrees *client.DisagreementError
		if _, err := v.Find("team/file"); !errors.As(err, &disagrees) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
