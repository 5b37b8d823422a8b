package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/registry/remote"
)

// image is what the trust of the demo is about.
type image struct {
	Manifest ocispec.Descriptor
	Layers   int
	Bytes    int64 // of all layers
}

// pushImage makes an image of three layers and pushes it to repository, under
// the tag 1.0.
func pushImage(ctx context.Context, repository string) (image, error) {
	repo, err := remote.NewRepository(repository)
	if err != nil {
		return image{}, err
	}
	repo.PlainHTTP = true // it is on loopback
	push := func(mediaType string, data []byte) (ocispec.Descriptor, error) {
		d := ocispec.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(data), Size: int64(len(data))}
		return d, repo.Push(ctx, d, bytes.NewReader(data))
	}
	var img image
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	config := ocispec.Image{
		Platform: ocispec.Platform{OS: "linux", Architecture: "amd64"},
		Config:   ocispec.ImageConfig{Cmd: []string{"/bin/wabbit"}},
		RootFS:   ocispec.RootFS{Type: "layers"},
	}
	for _, f := range []struct{ name, text string }{
		{"etc/os-release", "NAME=wabbit\n"},
		{"bin/wabbit", "#!/bin/sh\necho vewy quiet\n"},
		{"usr/share/doc/wabbit", "A program that is vewy quiet.\n"},
	} {
		plain, zipped, err := layer(f.name, []byte(f.text))
		if err != nil {
			return image{}, err
		}
		d, err := push(ocispec.MediaTypeImageLayerGzip, zipped)
		if err != nil {
			return image{}, fmt.Errorf("push a layer: %w", err)
		}
		manifest.Layers = append(manifest.Layers, d)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, digest.FromBytes(plain))
		img.Layers++
		img.Bytes += d.Size
	}
	text, err := json.Marshal(config)
	if err != nil {
		return image{}, err
	}
	if manifest.Config, err = push(ocispec.MediaTypeImageConfig, text); err != nil {
		return image{}, fmt.Errorf("push the config: %w", err)
	}
	if text, err = json.Marshal(manifest); err != nil {
		return image{}, err
	}
	if img.Manifest, err = push(ocispec.MediaTypeImageManifest, text); err != nil {
		return image{}, fmt.Errorf("push the manifest: %w", err)
	}
	return img, repo.Tag(ctx, img.Manifest, "1.0")
}

// layer is a file system with one file in it, as a tar and compressed.
func layer(name string, data []byte) (plain, zipped []byte, err error) {
	var b, z bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data)), Mode: 0o755}); err != nil {
		return nil, nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, nil, err
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	gz := gzip.NewWriter(&z)
	if _, err := gz.Write(b.Bytes()); err != nil {
		return nil, nil, err
	}
	if err := gz.Close(); err != nil {
		return nil, nil, err
	}
	return b.Bytes(), z.Bytes(), nil
}
