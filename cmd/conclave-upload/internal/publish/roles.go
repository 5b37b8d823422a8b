package publish

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/head"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registry"
)

// putRoles puts each delegated role that is new under a tag of its own: under
// that which its delegation names, or else, where docker/attest's client looks
// for it, under the role's name, if the repository holds this trust alone and
// nothing else stands there. The version that is live stays beside the new one,
// for those who have not seen the new snapshot.
func (w *writing) putRoles(ctx context.Context) error {
	for _, role := range tagged(w.job.set) {
		files, changed := roleFiles(role.Name, w.live, w.job)
		if !changed {
			continue
		}
		tag := role.Tag
		if tag == "" {
			if tag = role.Name; !isTag(tag) || reserved(w.trust, tag) {
				continue
			}
			if only, err := w.alone(ctx); err != nil {
				return err
			} else if !only {
				continue
			}
		}
		if err := w.putRole(ctx, role, tag, files); err != nil {
			return err
		}
	}
	return nil
}

// tagged lists the delegations whose roles get a tag: those that name one, and
// those of targets itself, but for hash bins, of which there are too many.
func tagged(s *metadata.Set) (list []metadata.DelegatedRole) {
	parents := map[string]*metadata.File{head.Targets: s.Targets}
	maps.Copy(parents, s.Delegated)
	for _, parent := range slices.Sorted(maps.Keys(parents)) {
		d := parents[parent].Targets.Delegations
		if d == nil {
			continue
		}
		for _, role := range d.Roles {
			if role.Tag != "" || parent == head.Targets && len(role.PathHashPrefixes) == 0 {
				list = append(list, role)
			}
		}
	}
	return list
}

// TagError: a delegation names a tag that can't hold its role.
type TagError struct{ Role, Tag, Why string }

func (e *TagError) Error() string {
	return fmt.Sprintf("the delegation to %s names the tag %q, which %s: nothing was published", e.Role, e.Tag, e.Why)
}

// checkTags refuses delegations that name a tag of the trust itself, or of
// another role.
func checkTags(trust string, s *metadata.Set) error {
	taken := map[string]string{}
	for _, role := range tagged(s) {
		if role.Tag == "" {
			continue
		}
		other, is := taken[role.Tag]
		switch {
		case is && other != role.Name:
			return &TagError{role.Name, role.Tag, "holds the role " + other}
		case reserved(trust, role.Tag):
			return &TagError{role.Name, role.Tag, "is one of the trust itself"}
		}
		taken[role.Tag] = role.Name
	}
	return nil
}

// reserved says whether a tag is one that the trust itself uses.
func reserved(trust, tag string) bool {
	rest, ok := strings.CutPrefix(tag, trust)
	if !ok || rest == "" {
		return ok
	}
	for _, kind := range []string{"-root", "-ts", "-prop", "-sig", "-bins"} {
		if rest == kind || strings.HasPrefix(rest, kind+"-") {
			return true
		}
	}
	return false
}

func (w *writing) putRole(ctx context.Context, role metadata.DelegatedRole, tag string, files []trust.NamedFile) error {
	newest := files[len(files)-1]
	_, version, err := head.ParseFileName(newest.Name)
	if err != nil {
		return err
	}
	raw, err := head.EncodeRole(w.trust, role.Name, version, files)
	if err != nil {
		return err
	}
	if w.absent(ctx, tag) {
		w.Progress(fmt.Sprintf("role %s: version %d, at the tag %s", role.Name, version, tag))
		return w.put(ctx, tag, raw)
	}
	there, err := w.Registry.Manifest(ctx, tag, head.MaxSize)
	switch {
	case errors.Is(err, registry.ErrNotFound):
	case err != nil:
		return err
	case there.Digest == metadata.Sum(raw):
		return nil
	case head.IsRoleOf(w.trust, role.Name, there.Bytes):
	case role.Tag != "":
		return &MovedError{Tag: tag}
	default:
		w.Progress(fmt.Sprintf("role %s: the tag of its name holds something else, and was left alone", role.Name))
		return nil
	}
	w.Progress(fmt.Sprintf("role %s: version %d, at the tag %s", role.Name, version, tag))
	return w.put(ctx, tag, raw)
}

// roleFiles are the live version of a role, if there is one, and the new one.
func roleFiles(role string, live, job *state) (files []trust.NamedFile, changed bool) {
	next := job.set.Delegated[role]
	if next == nil {
		return nil, false
	}
	if live != nil && live.set.Delegated[role] != nil {
		was := live.set.Delegated[role]
		if bytes.Equal(was.Bytes, next.Bytes) {
			return nil, false
		}
		files = append(files, trust.NamedFile{Name: head.FileName(role, was.Version), Bytes: was.Bytes})
	}
	return append(files, trust.NamedFile{Name: head.FileName(role, next.Version), Bytes: next.Bytes}), true
}

// alone says whether the repository holds no other trust: each leaves a log.
func (w *writing) alone(ctx context.Context) (bool, error) {
	tags, err := w.survey.get(ctx)
	if err != nil {
		return false, err
	}
	return !slices.ContainsFunc(tags, func(tag string) bool {
		other, number, ok := cutLast(tag, "-ts-")
		return ok && other != w.trust && strings.Trim(number, "0123456789") == "" && slices.Contains(tags, other)
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
