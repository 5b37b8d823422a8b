package trusttest

import (
	"context"
	"time"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
)

// Publisher publishes x at the time at, with its online key, and tells the
// test's log. Snapshots are good for a week, timestamps for a day. File targets
// are somebody else's.
func (x *Trust) Publisher(r publish.Registry, at time.Time) *publish.Publisher {
	keys := []publish.Signer{x.Online}
	return &publish.Publisher{
		Registry: r,
		Keys: func(context.Context) (publish.Signers, error) {
			return publish.Signers{Snapshot: keys, Timestamp: keys}, nil
		},
		Lifetimes: publish.Lifetimes{Snapshot: 7 * 24 * time.Hour, Timestamp: 24 * time.Hour},
		Now:       func() time.Time { return at },
		Progress:  func(line string) { x.t.Log(line) },
		Elsewhere: true,
	}
}

// Publish publishes x and expects that to work.
func (x *Trust) Publish(r publish.Registry, at time.Time) *publish.Result {
	x.t.Helper()
	result, err := x.Publisher(r, at).Push(x.t.Context(), x.Offline())
	if err != nil {
		x.t.Fatal(err)
	}
	return result
}

// Verified is what a client that knows root 1 finds live.
func (x *Trust) Verified(r client.Store, at time.Time) *client.Verified {
	x.t.Helper()
	set, err := client.Read(x.t.Context(), r, x.Name, nil)
	if err != nil {
		x.t.Fatal(err)
	}
	v, err := client.Verify(set.Files, x.Offline().Roots[0].Bytes, at)
	if err != nil {
		x.t.Fatal(err)
	}
	return v
}
