package publish_test

import (
	"errors"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestRefresh runs a refresh every twelve hours for eighty-five days: a client
// never finds anything expired, and the snapshot is made anew only when due.
func TestRefresh(t *testing.T) {
	r := newMemory()
	x := trusttest.New(t, "wabbit")
	x.Publish(r, trusttest.Start)
	const every = 12 * hour
	var last *publish.Result
	for at := trusttest.Start.Add(every); at.Before(trusttest.Start.Add(85 * day)); at = at.Add(every) {
		p := x.Publisher(r, at)
		p.Progress = func(string) {}
		var err error
		if last, err = p.Refresh(t.Context(), "wabbit", every); err != nil {
			t.Fatalf("after %v: %v", at.Sub(trusttest.Start), err)
		}
		for _, role := range last.Roles {
			if !role.Expires.After(at.Add(every)) {
				t.Fatalf("after %v %s %d is good until %v", at.Sub(trusttest.Start), role.Name, role.Version, role.Expires)
			}
		}
	}
	x.Verified(r, trusttest.Start.Add(85*day))
	if timestamp, snapshot := last.Roles[1].Version, last.Roles[2].Version; timestamp < 85 || snapshot < 13 || snapshot > 20 {
		t.Errorf("it came to timestamp %d and snapshot %d", timestamp, snapshot)
	}
}

// TestRefreshNotDue: a timestamp that the next refresh will find good is left.
func TestRefreshNotDue(t *testing.T) {
	r := newMemory()
	x := trusttest.New(t, "wabbit")
	x.Publish(r, trusttest.Start)
	result, err := x.Publisher(r, trusttest.Start.Add(hour)).Refresh(t.Context(), "wabbit", 6*hour)
	if err != nil || !result.Unchanged {
		t.Errorf("%+v, %v", result, err)
	}
	result, err = x.Publisher(r, trusttest.Start.Add(hour)).Refresh(t.Context(), "wabbit", 21*hour+30*time.Minute)
	if err != nil || result.Unchanged {
		t.Errorf("the next refresh comes too late for it, and it was left: %+v, %v", result, err)
	}
}

func TestRefreshRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		published bool
		at        time.Duration
		every     time.Duration
		as        any
		done      bool // it signs, and tells afterwards
	}{
		"nothing live":                        {false, hour, hour, new(*registry.Error), false},
		"a schedule that is too slow":         {true, hour, day, new(*publish.ScheduleError), false},
		"targets that expire before the next": {true, 89*day + 20*hour, 6 * hour, new(*publish.DueError), true},
		"targets that have expired":           {true, 91 * day, 6 * hour, new(*metadata.ExpiredError), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newMemory()
			x := trusttest.New(t, "wabbit")
			if c.published {
				x.Publish(r, trusttest.Start)
			}
			result, err := x.Publisher(r, trusttest.Start.Add(c.at)).Refresh(t.Context(), "wabbit", c.every)
			if !errors.As(err, c.as) || (result != nil) != c.done {
				t.Errorf("%+v, %v", result, err)
			}
			if c.done {
				x.Verified(r, trusttest.Start.Add(c.at))
			}
		})
	}
}

// TestGoneBack: a registry that offers an older set than this machine has seen
// is signed nothing.
func TestGoneBack(t *testing.T) {
	r := registrytest.Open(t, registrytest.Embedded(t).Host(), registry.Options{})
	x := trusttest.New(t, "wabbit")
	x.Publish(r, trusttest.Start)
	x.Vouch("file", []byte("content"), "")
	x.Publish(r, trusttest.Start.Add(hour))
	seen := x.Verified(r, trusttest.Start.Add(hour)).Set
	copyTag(t, r, "wabbit-ts-1", "wabbit")
	for name, act := range map[string]func(*publish.Publisher) error{
		"refresh": func(p *publish.Publisher) error { _, err := p.Refresh(t.Context(), "wabbit", hour); return err },
		"push":    func(p *publish.Publisher) error { _, err := p.Push(t.Context(), x.Offline()); return err },
	} {
		p := x.Publisher(r, trusttest.Start.Add(2*hour))
		p.Seen = seen
		var gone *publish.LiveError
		if err := act(p); !errors.As(err, &gone) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnotherTrust: the set of one trust under the name of another is signed
// nothing, even where one online key serves both.
func TestAnotherTrust(t *testing.T) {
	r := newMemory()
	x := trusttest.New(t, "other")
	x.Publish(r, trusttest.Start)
	set := x.Verified(r, trusttest.Start).Set
	raw, err := head.Encode("wabbit", set.Timestamp.Version, head.Files(set))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Put(t.Context(), registry.Put{Reference: "wabbit", MediaType: head.ManifestType}, raw); err != nil {
		t.Fatal(err)
	}
	var other *metadata.OtherTrustError
	if _, err := x.Publisher(r, trusttest.Start.Add(20*hour)).Refresh(t.Context(), "wabbit", hour); !errors.As(err, &other) {
		t.Errorf("got %v", err)
	}
}

func TestMargin(t *testing.T) {
	r := newMemory()
	x := trusttest.New(t, "wabbit")
	p := x.Publisher(r, trusttest.Start.Add(89*day))
	p.Margin = 2 * day
	var soon *publish.MarginError
	if _, err := p.Push(t.Context(), x.Offline()); !errors.As(err, &soon) || soon.Role != "targets" {
		t.Errorf("got %v", err)
	}
	p.Margin = hour
	if _, err := p.Push(t.Context(), x.Offline()); err != nil {
		t.Error(err)
	}
}
