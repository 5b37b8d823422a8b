package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// putRoles puts each delegated role that is new under a tag of its own, where
// docker/attest's client looks for it: under the tag that its delegation names,
// or else under the role's name, where the repository holds this trust alone
// and nothing else stands there. The version that is live stays beside the new
// one, for those who have not seen the new snapshot.
func (p *Publisher) putRoles(ctx context.Context, trust string, live, job *state) error {
	d := job.set.Targets.Targets.Delegations
	if d == nil {
		return nil
	}
	alone := sync.OnceValues(func() (bool, error) { return p.alone(ctx, trust) })
	for _, role := range d.Roles {
		files, changed := roleFiles(role.Name, live, job)
		if !changed {
			continue
		}
		tag := role.Tag
		if tag == "" {
			if tag = role.Name; !isTag(tag) {
				continue
			}
			if only, err := alone(); err != nil {
				return err
			} else if !only {
				continue
			}
		}
		if err := p.putRole(ctx, trust, role, tag, files); err != nil {
			return err
		}
	}
	return nil
}

func (p *Publisher) putRole(ctx context.Context, trust string, role metadata.DelegatedRole, tag string, files []ceremony.NamedFile) error {
	newest := files[len(files)-1]
	_, version, err := head.ParseFileName(newest.Name)
	if err != nil {
		return err
	}
	raw, err := head.EncodeRole(trust, role.Name, version, files)
	if err != nil {
		return err
	}
	there, err := p.Registry.Manifest(ctx, tag, head.MaxSize)
	switch {
	case errors.Is(err, registry.ErrNotFound):
	case err != nil:
		return err
	case there.Digest == metadata.Sum(raw):
		return nil
	case head.IsRoleOf(trust, role.Name, there.Bytes):
	case role.Tag != "":
		return &MovedError{Tag: tag}
	default:
		p.Progress(fmt.Sprintf("role %s: the tag of its name holds something else, and was left alone", role.Name))
		return nil
	}
	p.Progress(fmt.Sprintf("role %s: version %d, at the tag %s", role.Name, version, tag))
	return p.put(ctx, tag, raw)
}

// roleFiles are the live version of a role, if there is one, and the new one.
func roleFiles(role string, live, job *state) (files []ceremony.NamedFile, changed bool) {
	next := job.set.Delegated[role]
	if next == nil {
		return nil, false
	}
	if live != nil && live.set.Delegated[role] != nil {
		was := live.set.Delegated[role]
		if bytes.Equal(was.Bytes, next.Bytes) {
			return nil, false
		}
		files = append(files, ceremony.NamedFile{Name: head.FileName(role, was.Version), Bytes: was.Bytes})
	}
	return append(files, ceremony.NamedFile{Name: head.FileName(role, next.Version), Bytes: next.Bytes}), true
}

// alone says whether the repository holds no other trust: each leaves a log.
func (p *Publisher) alone(ctx context.Context, trust string) (bool, error) {
	tags, err := p.Registry.Tags(ctx, "")
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(tags, func(tag string) bool {
		other, number, ok := cutLast(tag, "-ts-")
		return ok && other != trust && strings.Trim(number, "0123456789") == "" && slices.Contains(tags, other)
	}), nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// isTag says whether a role's name can be a tag (OCI distribution
// specification 1.1, "Pulling manifests"), and has no dot: docker/attest's
// client cuts names there.
func isTag(s string) bool {
	const word = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
	return s != "" && len(s) <= 128 && s[0] != '-' && strings.Trim(s, word+"-") == ""
}
