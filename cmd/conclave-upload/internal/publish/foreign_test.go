package publish_test

import (
	"context"
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
)

// unread is a registry in which a tag holds something of a kind that nobody here
// asks for: it is listed, and not found.
type unread struct {
	*memory
	tag string
}

func (u unread) Tags(ctx context.Context, prefix string) ([]string, error) {
	tags, err := u.memory.Tags(ctx, prefix)
	return append(tags, u.tag), err
}

// noList is a registry that lists no tags.
type noList struct{ *memory }

func (noList) Tags(context.Context, string) ([]string, error) {
	return nil, &registry.Error{Op: "list", In: "memory", Err: errors.New("it does not list")}
}

// TestForeignTags: a first publication writes nothing where a tag that it needs
// holds something of somebody else's; what an interrupted run left does not stop it.
func TestForeignTags(t *testing.T) {
	x := trusttest.New(t, "wabbit")
	refused := func(name string, r publish.Registry, m *memory, tag string) {
		t.Helper()
		before := len(m.manifests)
		_, err := x.Publisher(r, trusttest.Start).Push(t.Context(), x.Offline())
		foreign, ok := errors.AsType[*publish.ForeignTagError](err)
		if !ok || foreign.Tag != tag || len(m.manifests) != before || len(m.blobs) != 0 {
			t.Errorf("%s: got %v; %d manifests and %d blobs were written", name, err, len(m.manifests)-before, len(m.blobs))
		}
	}
	for _, tag := range []string{"wabbit", "wabbit-ts-1", "wabbit-root", "wabbit-root-1"} {
		m := newMemory()
		refused("of another kind at "+tag, unread{m, tag}, m, tag)
	}
	for _, tag := range []string{"wabbit-root", "wabbit-root-1"} {
		m := newMemory()
		if _, err := m.Put(t.Context(), registry.Put{Reference: tag, MediaType: imageType}, []byte(image)); err != nil {
			t.Fatal(err)
		}
		refused("an image at "+tag, m, m, tag)
		refused("an image that is not listed at "+tag, noList{m}, m, tag)
	}

	whole := newMemory()
	x.Publish(whole, trusttest.Start)
	for _, tag := range []string{"wabbit-root", "wabbit-root-1"} {
		m := newMemory()
		m.manifests[tag] = whole.manifests[tag]
		x.Publish(m, trusttest.Start)
		x.Verified(m, trusttest.Start)
	}
}
