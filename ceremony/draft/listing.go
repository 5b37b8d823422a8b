package draft

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/internal/strict"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// MaxListing bounds a listing, in bytes: a hundred thousand targets take less
// than half of it.
const MaxListing = 32 << 20

// listingError says which entry can't be used, by its number from 1: that of its
// line, or of its object in the JSON array.
func listingError(entry int, path, why string) error {
	if path != "" {
		path = " (" + text.Safe(path) + ")"
	}
	return fmt.Errorf("listing, entry %d%s: %s", entry, path, why)
}

// ParseListing reads what is to become targets, by digest: lines of
//
//	PATH DIGEST SIZE [MEDIATYPE]
//
// with blanks between them, DIGEST as "sha256:" and 64 hex digits and SIZE in
// bytes; lines that are empty or begin with # are left out. Or it is a JSON
// array of objects with path, digest, size, and where wanted mediaType and
// custom: the fields of an OCI descriptor, and a path. Only JSON can hold a path
// with blanks. An entry that can't be a target is an error that names it, and
// nothing of the listing is taken.
func ParseListing(text []byte) ([]trust.NewTarget, error) {
	if len(text) > MaxListing {
		return nil, fmt.Errorf("the listing is larger than %d bytes", MaxListing)
	}
	read := listedLines
	if bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")) {
		read = listedJSON
	}
	list, err := read(text)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("the listing holds no target")
	}
	seen := make(map[string]bool, len(list))
	targets := make([]trust.NewTarget, len(list))
	for i, e := range list {
		n, err := e.target()
		if err == nil && seen[n.Path] {
			err = fmt.Errorf("it is named twice")
		}
		if err == nil {
			_, err = targetOf(n)
		}
		if err != nil {
			return nil, listingError(e.line, e.Path, err.Error())
		}
		seen[n.Path] = true
		targets[i] = n
	}
	return targets, nil
}

// listing is one entry.
type listing struct {
	Path      string          `json:"path"`
	Digest    string          `json:"digest"`
	Size      int64           `json:"size"`
	MediaType string          `json:"mediaType"`
	Custom    json.RawMessage `json:"custom"`
	line      int
}

func (e listing) target() (trust.NewTarget, error) {
	sum, err := metadata.ParseDigest(e.Digest)
	return trust.NewTarget{Path: e.Path, SHA256: sum, Length: e.Size, MediaType: e.MediaType, Custom: string(e.Custom)}, err
}

func listedLines(text []byte) ([]listing, error) {
	var list []listing
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) < 3 || len(fields) > 4 {
			return nil, listingError(n, "", "a line has a path, a digest, a size in bytes, and perhaps a media type")
		}
		size, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return nil, listingError(n, fields[0], "its size is no number of bytes")
		}
		e := listing{Path: fields[0], Digest: fields[1], Size: size, line: n}
		if len(fields) == 4 {
			e.MediaType = fields[3]
		}
		list = append(list, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("the listing has a line that is too long")
	}
	return list, nil
}

func listedJSON(raw []byte) ([]listing, error) {
	list, err := strict.JSON[[]listing](raw)
	if err != nil {
		return nil, fmt.Errorf("the listing is no JSON array of path, digest, size, mediaType and custom: %s", text.Safe(err.Error()))
	}
	for i := range list {
		list[i].line = i + 1
	}
	return list, nil
}
