package main

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/durable"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/walk"
)

// fileName is the name of a role's file in a directory of ours.
func fileName(role string) string { return url.PathEscape(role) + ".json" }

// repository is one on a web server.
type repository struct {
	client *http.Client
	base   string
}

// get is a walk.Fetch. name stands in an address as it is.
func (r repository) get(ctx context.Context, name string, limit int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(r.base, "/")+"/"+name, nil)
	if err != nil {
		return nil, err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(response.Body, limit+1))
	case http.StatusNotFound:
		return nil, fs.ErrNotExist
	}
	return nil, fmt.Errorf("the server answered %s", response.Status)
}

// download gets a target, unless it is there already (TUF 1.0, 5.7).
func (c command) download(ctx context.Context, client *walk.Client) error {
	found, err := client.Find(ctx, c.target)
	if err != nil {
		return err
	}
	dir, err := os.OpenRoot(c.targetsDir)
	if err != nil {
		return err
	}
	defer dir.Close()
	name := url.PathEscape(c.target)
	if content, err := dir.ReadFile(name); err == nil && check(found.Target, content) == nil {
		return nil
	}
	remote := c.target
	if client.Consistent() {
		sum := found.Hashes["sha256"]
		if sum == "" {
			sum = found.Hashes["sha512"]
		}
		remote = head.HashedName(c.target, sum)
	}
	var parts []string
	for part := range strings.SplitSeq(remote, "/") {
		parts = append(parts, url.PathEscape(part))
	}
	content, err := repository{http.DefaultClient, c.targetsURL}.get(ctx, strings.Join(parts, "/"), found.Length)
	if err == nil {
		err = check(found.Target, content)
	}
	if err != nil {
		return fmt.Errorf("target %q: %w", c.target, err)
	}
	return durable.Replace(dir, name, content)
}

// check holds content against what a role says of it: every hash counts, and one
// that can't be checked is none that holds.
func check(t metadata.Target, content []byte) error {
	if int64(len(content)) != t.Length {
		return fmt.Errorf("it has not the length of %d bytes", t.Length)
	}
	for algorithm, want := range t.Hashes {
		var got string
		switch algorithm {
		case "sha256":
			got = metadata.Sum(content).String()
		case "sha512":
			sum := sha512.Sum512(content)
			got = hex.EncodeToString(sum[:])
		default:
			return fmt.Errorf("its hash can't be checked: %q", algorithm)
		}
		if got != want {
			return fmt.Errorf("it has another %s", algorithm)
		}
	}
	return nil
}
