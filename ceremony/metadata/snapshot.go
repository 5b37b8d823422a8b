package metadata

import (
	"maps"
	"slices"
	"strings"
)

// Snapshot is the body of snapshot metadata (TUF 1.0, 4.4): the version of
// every targets metadata file, by name ("targets.json").
type Snapshot struct{ Meta map[string]FileMeta }

// roles are the names of the roles whose files it lists, sorted.
func (s *Snapshot) roles() []string {
	var roles []string
	for _, name := range slices.Sorted(maps.Keys(s.Meta)) {
		roles = append(roles, strings.TrimSuffix(name, metaSuffix))
	}
	return roles
}

// Timestamp is the body of timestamp metadata (TUF 1.0, 4.6).
type Timestamp struct{ Snapshot FileMeta }

// FileMeta is what one metadata file says of another. In Strict mode it states
// all of it, but for what a snapshot goes on listing that others listed tersely.
type FileMeta struct {
	Version int64
	Length  int64             // bytes; 0: not stated
	Empty   bool              // a length of 0 is stated, which no file has
	Hashes  map[string]string // algorithm -> lower-case hex
}

const metaSuffix = ".json"

// snapshot decodes the fields that only snapshot has.
func (d *decoder) snapshot(s *Snapshot) func(key string, v node) {
	return func(_ string, v node) {
		s.Meta = map[string]FileMeta{}
		d.object(v, func(name string, v node) {
			// A snapshot drops nothing that was listed (TUF 1.0, 5.5.5), so a strict
			// one lists what others did, as they did.
			s.Meta[name] = d.fileMeta(v, name != typeTargets+metaSuffix && d.mode == Strict)
			role, ok := strings.CutSuffix(name, metaSuffix)
			if !ok {
				d.fail("is no name of a metadata file")
			}
			if !isRoleName(role) {
				d.odd(codeDubiousRoleName, "is no safe name for a file: %s", printable(name))
			} else if isTopLevel(role) && role != typeTargets && d.mode == Adopted {
				d.odd(codeUnknownRole, "is no file that a snapshot lists")
			}
		})
		if _, ok := s.Meta[typeTargets+metaSuffix]; !ok {
			d.missing(typeTargets + metaSuffix)
		}
	}
}

// timestamp decodes the fields that only timestamp has.
func (d *decoder) timestamp(t *Timestamp) func(key string, v node) {
	return func(_ string, v node) {
		const name = typeSnapshot + metaSuffix
		has := false
		d.object(v, func(file string, v node) {
			if file == name {
				t.Snapshot, has = d.fileMeta(v, false), true
			} else {
				d.never(v, file, name)
			}
		})
		if !has {
			d.missing(name)
		}
	}
}

// fileMeta decodes what is said of a file. Where it may be terse, the version
// is enough.
func (d *decoder) fileMeta(n node, terse bool) FileMeta {
	var m FileMeta
	d.object(n, func(field string, v node) {
		switch field {
		case "version":
			m.Version = d.integer(v, 1)
		case "length":
			m.Length = d.integer(v, 0)
			m.Empty = m.Length == 0
		case "hashes":
			m.Hashes = d.hashes(v)
		default:
			d.other(v, field, "version", "length", "hashes")
		}
	})
	if m.Version == 0 {
		d.missing("version")
	}
	if m.Empty {
		d.in("length", func() { d.odd(codeNoLength, "is 0, which no file has") })
	} else if m.Length == 0 && !terse {
		d.in("length", func() { d.odd(codeNoLength, "is not stated") })
	}
	if m.Hashes == nil && !terse {
		d.in("hashes", func() { d.odd(codeNoHashes, "are not stated") })
	}
	return m
}
