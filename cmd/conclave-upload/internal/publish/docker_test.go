package publish_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/trusttest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	tuf "github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// docker reads a trust as docker/attest's client does: metadata from one
// repository, where the top-level roles are layers of one image and a delegated
// role is an image at the tag of its name; files from another, where one
// without a directory is an image at the tag of its hashed name, and others are
// images in an index at the tag of their first directory. It knows nothing
// inline, no head and no trust.
type docker struct {
	ctx             context.Context
	metadata, files *registry.Repository
	tag             string
}

func (d docker) DownloadFile(url string, limit int64, _ time.Duration) ([]byte, error) {
	where, name, _ := strings.Cut(strings.TrimPrefix(url, "docker://"), "/")
	repository, tag := d.metadata, d.tag
	dir, _, below := strings.Cut(name, "/")
	switch role := strings.Split(strings.TrimSuffix(path.Base(name), ".json"), "."); {
	case where == "files" && below:
		repository, tag = d.files, dir
	case where == "files":
		repository, tag = d.files, name
	case len(role) > 1 && role[1] != "root" && role[1] != "snapshot" && role[1] != "targets":
		tag = role[1]
	}
	layer, err := d.find(repository, tag, name)
	if err != nil {
		return nil, &tuf.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: url}
	}
	if layer.Size > limit {
		return nil, &tuf.ErrDownloadLengthMismatch{Msg: name}
	}
	sum, err := metadata.ParseDigest(string(layer.Digest))
	if err != nil {
		return nil, err
	}
	return repository.Blob(d.ctx, sum, layer.Size)
}

// find is the layer with that file name in the image, or in the image of that
// name in the index.
func (d docker) find(r *registry.Repository, reference, name string) (found ocispec.Descriptor, err error) {
	m, err := r.Manifest(d.ctx, reference, head.MaxSize)
	if err != nil {
		return found, err
	}
	var either struct {
		MediaType string
		Layers    []ocispec.Descriptor
		Manifests []ocispec.Descriptor
	}
	if err := json.Unmarshal(m.Bytes, &either); err != nil {
		return found, err
	}
	list := either.Layers
	if either.MediaType == ocispec.MediaTypeImageIndex {
		list = either.Manifests
	} else if either.MediaType != ocispec.MediaTypeImageManifest {
		return found, fmt.Errorf("media type %q", either.MediaType)
	}
	for _, l := range list {
		if l.Annotations["tuf.io/filename"] != name {
			continue
		}
		if either.MediaType == ocispec.MediaTypeImageIndex {
			return d.find(r, string(l.Digest), path.Base(name))
		}
		return l, nil
	}
	return found, fmt.Errorf("%s lacks %s", reference, name)
}

// TestDocker: docker/attest's client follows a trust from root 1, with a role
// and its files, and one that has not seen the new snapshot finds what it looks
// for yet.
func TestDocker(t *testing.T) {
	registrytest.Every(t, func(t *testing.T, s registrytest.Served) {
		r := s.Open(t, nil)
		separate, err := registry.Open(registry.Reference{Host: s.Host, Repository: "org/files"}, s.Options)
		if err != nil {
			t.Fatal(err)
		}
		x := trusttest.New(t, "wabbit")
		files := fstest.MapFS{}
		file := func(name, content string) []byte {
			files[name] = &fstest.MapFile{Data: []byte(content)}
			return []byte(content)
		}
		publish := func() {
			t.Helper()
			p := x.Publisher(r, trusttest.Start)
			p.Files, p.FilesIn, p.Elsewhere = files, separate, false
			if _, err := p.Push(t.Context(), x.Offline()); err != nil {
				t.Fatal(err)
			}
		}
		d := docker{t.Context(), r, separate, "wabbit"}
		x.Vouch("mapping.yaml", file("mapping.yaml", "version: v1"), "")
		x.Delegate("team", "team/*")
		x.Targets(func(targets *metadata.Targets) { targets.Delegations.Roles[0].Paths = []string{"team/*", "team/sub/*"} })
		x.UpdateWith("team", map[string][]byte{"team/a.rego": file("team/a.rego", "a"), "team/sub/b.rego": file("team/sub/b.rego", "b")})
		publish()
		first := d.client(t, x)
		first.gets(t, map[string]string{"mapping.yaml": "version: v1", "team/a.rego": "a", "team/sub/b.rego": "b"})

		x.NewOnlineKey(trusttest.Key(t, "p256"))
		x.UpdateWith("team", map[string][]byte{"team/a.rego": file("team/a.rego", "a, again"), "team/sub/b.rego": []byte("b")})
		late := d.client(t, x)
		publish()
		late.gets(t, map[string]string{"team/a.rego": "a", "team/sub/b.rego": "b"})
		d.client(t, x).gets(t, map[string]string{"mapping.yaml": "version: v1", "team/a.rego": "a, again", "team/sub/b.rego": "b"})
	})
}

type dockerClient struct{ *updater.Updater }

// client is one that knows root 1 and has looked for what is new.
func (d docker) client(t *testing.T, x *trusttest.Trust) dockerClient {
	t.Helper()
	c, err := config.New("docker://metadata", x.Offline().Roots[0].Bytes)
	if err != nil {
		t.Fatal(err)
	}
	c.RemoteTargetsURL, c.Fetcher = "docker://files", d
	c.LocalMetadataDir, c.LocalTargetsDir = t.TempDir(), t.TempDir()
	u, err := updater.New(c)
	if err != nil {
		t.Fatal(err)
	}
	u.UnsafeSetRefTime(trusttest.Start)
	if err := u.Refresh(); err != nil {
		t.Fatal(err)
	}
	return dockerClient{u}
}

func (c dockerClient) gets(t *testing.T, files map[string]string) {
	t.Helper()
	for name, want := range files {
		info, err := c.GetTargetInfo(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, got, err := c.DownloadTarget(info, "", ""); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
