package publish_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// TestLongTail: log tags without an end are refused, and where that is because
// somebody else publishes all the time, that is said.
func TestLongTail(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	r := newMemory()
	x.Publish(r, trusttest.Start)
	for n := 2; n < 100; n++ {
		if _, err := r.Put(t.Context(), registry.Put{Reference: fmt.Sprintf("wabbit-ts-%d", n), MediaType: "application/json"}, []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	x.Vouch("file", []byte("content"), "")
	var live *publish.LiveError
	if _, err := x.Publisher(r, trusttest.Start).Push(t.Context(), x.Offline()); !errors.As(err, &live) {
		t.Errorf("got %v", err)
	}
	var moved *publish.MovedError
	if _, err := x.Publisher(busy{r}, trusttest.Start).Push(t.Context(), x.Offline()); !errors.As(err, &moved) {
		t.Errorf("got %v", err)
	}
}

// busy is a registry in which the trust's tag moves after it was read.
type busy struct{ *memory }

func (b busy) Stat(ctx context.Context, reference string) (registry.Descriptor, error) {
	if reference == "wabbit" {
		reference = "wabbit-ts-2"
	}
	return b.memory.Stat(ctx, reference)
}
