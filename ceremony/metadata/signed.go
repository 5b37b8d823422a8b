package metadata

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// The types of metadata, which are the names of the top-level roles too (TUF 1.0, 2.1).
const (
	typeRoot      = "root"
	typeTargets   = "targets"
	typeSnapshot  = "snapshot"
	typeTimestamp = "timestamp"
)

// Signed is the parsed body of a metadata file (TUF 1.0, 4.3 to 4.6). Exactly
// one of Root, Targets, Snapshot, Timestamp is set. It was decoded from
// Payload, so that what it says is what gets signed.
type Signed struct {
	Type        string // root, targets, snapshot, timestamp
	SpecVersion string
	Version     int64
	Expires     time.Time // UTC
	Conclave    *Conclave // nil where the file has none
	Unknown     []Unknown // fields that TUF and x-conclave do not define
	Root        *Root
	Targets     *Targets
	Snapshot    *Snapshot
	Timestamp   *Timestamp
	Findings    []Finding // none in Strict mode
	Bytes       []byte    // signed as it stands in the file
	Payload     []byte    // its canonical form
}

// Unknown is a field that TUF and x-conclave do not define.
type Unknown struct {
	Path  []string // from "signed" on; array elements by number
	Value []byte   // compact JSON
}

// String is the path as in FieldError, safe to print and shortened where it is long.
func (u Unknown) String() string { return joinPath(u.Path) }

// Conclave is the "x-conclave" object of a signed.
type Conclave struct {
	Trust   string            `json:"trust"`
	Holders map[string]string `json:"holders,omitempty"` // keyid -> holder's name
	Role    string            `json:"role,omitempty"`    // the delegated role that it is a version of: no other has its payload
}

// Digest is the SHA-256 of the payload: what people read aloud.
func (s *Signed) Digest() Digest { return Sum(s.Payload) }

// Trust is the name of the trust that the metadata says it is of, "" where it says none.
func (s *Signed) Trust() string {
	if s.Conclave == nil {
		return ""
	}
	return s.Conclave.Trust
}

// ParseSigned reads the body of a metadata file, which must not change
// afterwards: what is returned shares its bytes. In Strict mode signed must
// have exactly the form that Compact gives. It returns a *FieldError.
func ParseSigned(signed []byte, m Mode) (*Signed, error) {
	scan, err := scan(signed, "signed", m == Strict)
	if err != nil {
		return nil, err
	}
	d := decoder{mode: m}
	s := d.signed(scan.canonical(), signed)
	if d.err != nil {
		return nil, d.err
	}
	return s, nil
}

// signed decodes the canonical text of a body that stands in its file as source.
func (d *decoder) signed(n node, source []byte) *Signed {
	s := &Signed{Bytes: source, Payload: n}
	d.in("signed", func() {
		if d.mode == Strict {
			d.compact(s)
		}
		d.body(n, s)
	})
	s.Unknown, s.Findings = d.unknown, d.summary()
	return s
}

// compact refuses bytes that are not the file form of their payload.
func (d *decoder) compact(s *Signed) {
	form := escapeControls(s.Payload)
	if bytes.Equal(form, s.Bytes) {
		return
	}
	i := 0
	for i < len(form) && i < len(s.Bytes) && form[i] == s.Bytes[i] {
		i++
	}
	d.fail("is not in compact form at byte %d (sorted keys, no blanks, fewest escapes)", i)
}

// part is what one type of metadata has beside the header.
type part struct {
	needed, optional []string
	decode           func(key string, v node)
}

// part is the one for s.Type, which it prepares.
func (d *decoder) part(s *Signed) (p part, ok bool) {
	switch s.Type {
	case typeRoot:
		s.Root = &Root{}
		return part{[]string{"keys", "roles"}, []string{"consistent_snapshot"}, d.root(s.Root)}, true
	case typeTargets:
		s.Targets = &Targets{}
		return part{[]string{"targets"}, []string{"delegations"}, d.targets(s.Targets)}, true
	case typeSnapshot:
		s.Snapshot = &Snapshot{}
		return part{[]string{"meta"}, nil, d.snapshot(s.Snapshot)}, true
	case typeTimestamp:
		s.Timestamp = &Timestamp{}
		return part{[]string{"meta"}, nil, d.timestamp(s.Timestamp)}, true
	}
	return part{}, false
}

func (d *decoder) body(n node, s *Signed) {
	has := map[string]bool{}
	d.object(n, func(key string, v node) {
		has[key] = true
		if key == "_type" {
			s.Type = d.text(v)
		}
	})
	p, ok := d.part(s)
	if !ok {
		d.in("_type", func() { d.fail("must be root, targets, snapshot or timestamp, and is %s", printable(s.Type)) })
		return
	}
	for _, key := range append([]string{"spec_version", "version", "expires"}, p.needed...) {
		if !has[key] {
			d.missing(key)
		}
	}
	own := slices.Concat(p.needed, p.optional)
	known := append([]string{"_type", "spec_version", "version", "expires", "x-conclave"}, own...)
	d.object(n, func(key string, v node) {
		switch {
		case key == "_type":
		case key == "spec_version":
			s.SpecVersion = d.specVersion(v)
		case key == "version":
			s.Version = d.integer(v, 1)
		case key == "expires":
			s.Expires = d.time(v)
		case key == "x-conclave":
			s.Conclave = d.conclave(v)
		case slices.Contains(own, key):
			p.decode(key, v)
		default:
			d.other(v, key, known...)
		}
	})
	if s.Root != nil && !s.Root.ConsistentSnapshot {
		d.in("consistent_snapshot", func() {
			d.odd(codeNoConsistentSnapshot, "is not true: names are plain, and what is published from here has consistent ones")
		})
	}
}

// specVersion takes TUF 1.x.y, as semantic versioning writes it (TUF 1.0, 4.3).
func (d *decoder) specVersion(n node) string {
	v := d.text(n)
	parts := strings.Split(v, ".")
	if parts[0] != "1" {
		d.fail("must be a version 1 of TUF, and is %s", printable(v))
	}
	if len(parts) != 3 || !isNumber(parts[1]) || !isNumber(parts[2]) {
		d.odd(codeSpecVersion, "is not of the form 1.x.y: %s", printable(v))
	}
	return v
}

func isNumber(s string) bool {
	return s != "" && len(s) <= maxDigits && strings.Trim(s, "0123456789") == ""
}

// timeForm is how TUF writes a time: UTC, in seconds (TUF 1.0, 4.2).
const timeForm = "2006-01-02T15:04:05Z"

// time takes the form of TUF, and what else RFC 3339 allows as an oddity.
func (d *decoder) time(n node) time.Time {
	text := d.text(n)
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || strings.Contains(text, ",") {
		d.fail("must be a time like %s", timeForm)
		return time.Time{}
	}
	if strings.Contains(text, ".") {
		d.odd(codeFractionalTime, "has a fraction of a second: %s", text)
	}
	if !strings.HasSuffix(text, "Z") {
		d.odd(codeOffsetTime, "is not in UTC: %s", text)
	}
	return t.UTC()
}

func (d *decoder) conclave(n node) *Conclave {
	c := &Conclave{}
	d.object(n, func(key string, v node) {
		switch key {
		case "trust":
			if c.Trust = d.text(v); !isTag(c.Trust) {
				d.fail("is no name for a trust: %s (up to %d letters, digits, '.', '_', '-')", printable(c.Trust), maxTag)
			}
		case "role":
			c.Role = d.text(v)
			d.roleName(c.Role)
		case "holders":
			c.Holders = map[string]string{}
			d.object(v, func(keyid string, v node) { c.Holders[keyid] = d.name(v) })
		default:
			d.other(v, key, "trust", "holders", "role")
		}
	})
	if c.Trust == "" {
		d.missing("trust")
	}
	return c
}
