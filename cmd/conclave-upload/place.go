package main

import (
	"strings"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/layout"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// place is where a set is mirrored from or to, as the command line names it.
type place struct {
	dir  string             // of a TUF repository, or of an image layout
	oci  bool               // it is an image layout
	ref  registry.Reference // where dir is ""
	tag  string             // "" where none was given
	said bool               // the tag was given, and not concluded from something else
}

// parsePlace reads DIR, oci:DIR[:TAG], or a REF. What begins with a host, which
// has a dot or a port or is localhost, is a REF, as docker has it.
func parsePlace(arg string) (place, error) {
	if rest, ok := strings.CutPrefix(arg, "oci:"); ok {
		dir, tag := rest, ""
		if i := strings.LastIndex(rest, ":"); i > strings.LastIndexAny(rest, `/\`) {
			dir, tag = rest[:i], rest[i+1:]
		}
		if dir == "" {
			return place{}, usagef("%q names no directory: oci:DIR[:TAG]", arg)
		}
		return place{dir: dir, oci: true, tag: tag, said: tag != ""}, nil
	}
	host, _, hasPath := strings.Cut(arg, "/")
	if !hasPath || host == "" || strings.HasPrefix(host, ".") || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return place{dir: arg}, nil
	}
	ref, err := parseReference(arg)
	return place{ref: ref, tag: ref.Tag, said: ref.Tag != ""}, err
}

func (at place) String() string {
	switch {
	case at.oci && at.tag != "":
		return "oci:" + at.dir + ":" + at.tag
	case at.oci:
		return "oci:" + at.dir
	case at.dir != "":
		return at.dir
	}
	return at.ref.String()
}

// withTag is the same place with that tag.
func (at place) withTag(tag string) place {
	at.tag, at.ref.Tag = tag, tag
	return at
}

// plain says whether the place is a plain TUF repository in a directory.
func (at place) plain() bool { return at.dir != "" && !at.oci }

// repositoryAt opens what is no plain directory, and makes an image layout that
// is missing where create says so.
func (p *program) repositoryAt(at place, create bool) (repository, func(), error) {
	if at.oci {
		l, err := layout.Open(at.dir, create)
		if err != nil {
			return nil, nil, err
		}
		return l, func() { _ = l.Close() }, nil
	}
	r, err := p.repository(at.ref)
	return r, func() {}, err
}

// repository is one of a registry, or an image layout.
type repository interface {
	publish.Registry
	publish.Images
}
