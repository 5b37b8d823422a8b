package upkeep_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/upkeep"
)

const day = 24 * time.Hour

// fiveHeads publishes a timestamp on each of five days.
func fiveHeads(t *testing.T, r *registry.Repository) *trusttest.Trust {
	t.Helper()
	x := trusttest.New(t, "wabbit")
	for n := range 5 {
		x.Publish(r, trusttest.Start.Add(time.Duration(n)*day))
	}
	return x
}

// TestPrune keeps the roots, the live head, and what has not expired for long.
// The timestamps expire on days 1 to 5.
func TestPrune(t *testing.T) {
	registrytest.Every(t, func(t *testing.T, s registrytest.Served) {
		r := s.Open(t, nil)
		x := fiveHeads(t, r)
		at := trusttest.Start.Add(4*day + time.Hour)
		for _, dry := range []bool{true, false} {
			pruned, err := upkeep.Prune(t.Context(), r, "wabbit", at, 2*day, dry)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(slices.Sorted(slices.Values(pruned.Kept)), []string{"wabbit-ts-3", "wabbit-ts-4", "wabbit-ts-5"}) ||
				len(pruned.Deleted)+len(pruned.Refused) != 2 || (dry && len(pruned.Deleted) != 2) {
				t.Errorf("dry %v: %+v", dry, pruned)
			}
		}
		tags, err := r.Tags(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(tags)
		if want := []string{"wabbit", "wabbit-root", "wabbit-root-1", "wabbit-ts-3", "wabbit-ts-4", "wabbit-ts-5"}; !slices.Equal(tags, want) {
			t.Errorf("there are %v, want %v", tags, want)
		}
		x.Verified(r, at)
		x.Publish(r, at.Add(day))
	})
}

// TestPruneRefused: a registry that does not delete is reported, and no error.
func TestPruneRefused(t *testing.T) {
	host := registrytest.Before(t, registrytest.Embedded(t).Host(), func(w http.ResponseWriter, q *http.Request) bool {
		if q.Method == http.MethodDelete {
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
		return q.Method == http.MethodDelete
	})
	r := registrytest.Open(t, host, registry.Options{})
	fiveHeads(t, r)
	pruned, err := upkeep.Prune(t.Context(), r, "wabbit", trusttest.Start.Add(10*day), day, false)
	if err != nil || len(pruned.Refused) != 4 || len(pruned.Deleted) != 0 || !slices.Equal(pruned.Kept, []string{"wabbit-ts-5"}) {
		t.Errorf("%+v, %v", pruned, err)
	}
}

// TestPruneLeavesOthers: a trust may be called as another one's tags are, and
// somebody may put what he likes under them.
func TestPruneLeavesOthers(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	trusttest.New(t, "wabbit-ts-9").Publish(r, trusttest.Start)
	fiveHeads(t, r)
	if _, err := upkeep.Prune(t.Context(), r, "wabbit", trusttest.Start.Add(100*day), day, false); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"wabbit-ts-9", "wabbit-ts-9-ts-1", "wabbit"} {
		if _, err := r.Stat(t.Context(), tag); err != nil {
			t.Errorf("%s: %v", tag, err)
		}
	}
	var other *metadata.OtherTrustError
	m, err := r.Manifest(t.Context(), "wabbit", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.PutManifest(t.Context(), "rabbit", m.MediaType, m.Bytes); err != nil {
		t.Fatal(err)
	}
	if _, err := upkeep.Prune(t.Context(), r, "rabbit", trusttest.Start, day, false); !errors.As(err, &other) {
		t.Errorf("a head of another trust: %v", err)
	}
	if _, err := upkeep.Prune(t.Context(), r, "nobody", trusttest.Start, day, false); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("nothing live: %v", err)
	}
}

func TestStandings(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	x.Delegate("team", "team/*")
	x.Publish(r, trusttest.Start)
	set := x.Verified(r, trusttest.Start).Set
	for name, c := range map[string]struct {
		at     time.Duration
		states []string // root, timestamp, snapshot, targets, team
		err    bool
		gone   bool
	}{
		"fresh":            {0, []string{upkeep.Good, upkeep.Good, upkeep.Good, upkeep.Good, upkeep.Good}, false, false},
		"a timestamp due":  {20 * time.Hour, []string{upkeep.Good, upkeep.Due, upkeep.Good, upkeep.Good, upkeep.Good}, true, false},
		"months later":     {70 * day, []string{upkeep.Good, upkeep.Expired, upkeep.Expired, upkeep.Due, upkeep.Due}, true, true},
		"at its last hour": {90 * day, []string{upkeep.Good, upkeep.Expired, upkeep.Expired, upkeep.Expired, upkeep.Expired}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			list := upkeep.Standings(set, trusttest.Start.Add(c.at), upkeep.Warning{Offline: 30 * day, Online: 6 * time.Hour})
			var states []string
			for _, s := range list {
				states = append(states, s.State)
			}
			if !slices.Equal(states, c.states) {
				t.Errorf("%v, want %v", states, c.states)
			}
			var due *upkeep.DueError
			if err := upkeep.Err(list); errors.As(err, &due) != c.err || (due != nil && due.Expired != c.gone) {
				t.Errorf("got %v", err)
			}
			for _, s := range list {
				if want := map[bool]int{true: 1, false: 2}[s.Online]; s.Threshold != want || len(s.Signers) < want {
					t.Errorf("%s is signed by %d of %v", s.Name, s.Threshold, s.Signers)
				}
			}
		})
	}
}
