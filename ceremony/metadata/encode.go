package metadata

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// specVersion is the version of the TUF specification that new metadata states.
const specVersion = "1.0.31"

// Header is what all new metadata has.
type Header struct {
	Version  int64
	Expires  time.Time // any zone; written in UTC, rounded down to the second
	Conclave *Conclave // nil for none
}

// EncodeRoot makes the bytes of a new root's signed, in the form of a file
// and the same for the same values. consistent_snapshot is always true. Like
// the other Encode functions it refuses, with a *FieldError, what ParseSigned
// would refuse in Strict mode.
func EncodeRoot(h Header, r Root) ([]byte, error) {
	roles := map[text]object{}
	for name, who := range r.Roles {
		roles[text{name}] = who.object()
	}
	return h.encode(typeRoot, object{
		"consistent_snapshot": true,
		"keys":                keyObjects(r.Keys),
		"roles":               roles,
	})
}

// EncodeTargets makes the bytes of a new targets' signed, of the top level or
// of a delegated role.
func EncodeTargets(h Header, t Targets) ([]byte, error) {
	targets := map[text]object{}
	for path, target := range t.Targets {
		o := object{"length": target.Length, "hashes": texts(target.Hashes)}
		if target.Custom != nil {
			o["custom"] = json.RawMessage(target.Custom)
		}
		targets[text{path}] = o
	}
	body := object{"targets": targets}
	if t.Delegations != nil {
		body["delegations"] = t.Delegations.object()
	}
	return h.encode(typeTargets, body)
}

// EncodeSnapshot makes the bytes of a new snapshot's signed.
func EncodeSnapshot(h Header, s Snapshot) ([]byte, error) {
	meta := map[text]object{}
	for name, m := range s.Meta {
		meta[text{name}] = m.object()
	}
	return h.encode(typeSnapshot, object{"meta": meta})
}

// EncodeTimestamp makes the bytes of a new timestamp's signed.
func EncodeTimestamp(h Header, t Timestamp) ([]byte, error) {
	return h.encode(typeTimestamp, object{"meta": map[text]object{{typeSnapshot + metaSuffix}: t.Snapshot.object()}})
}

// object is a JSON object under construction.
type object map[string]any

// text is a string that is refused, not mended, where it is no valid UTF-8.
// (encoding/json asks no map key for its text that has the kind string.)
type text struct{ string }

var errUTF8 = errors.New("is no valid UTF-8")

// MarshalText gives the string as it is.
func (t text) MarshalText() ([]byte, error) {
	if !utf8.ValidString(t.string) {
		return nil, errUTF8
	}
	return []byte(t.string), nil
}

func (h Header) encode(kind string, body object) ([]byte, error) {
	body["_type"] = kind
	body["spec_version"] = specVersion
	body["version"] = h.Version
	body["expires"] = h.Expires.UTC().Truncate(time.Second).Format(timeForm)
	if h.Conclave != nil {
		conclave := object{"trust": text{h.Conclave.Trust}}
		if len(h.Conclave.Holders) > 0 {
			conclave["holders"] = texts(h.Conclave.Holders)
		}
		if h.Conclave.Role != "" {
			conclave["role"] = text{h.Conclave.Role}
		}
		body["x-conclave"] = conclave
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("no %s %d made: %w", kind, h.Version, err)
	}
	signed, err := Compact(raw)
	if err == nil {
		_, err = ParseSigned(signed, Strict)
	}
	if err != nil {
		return nil, fmt.Errorf("no %s %d made: %w", kind, h.Version, err)
	}
	return signed, nil
}

func texts(m map[string]string) map[text]text {
	out := make(map[text]text, len(m))
	for k, v := range m {
		out[text{k}] = text{v}
	}
	return out
}

func textList(list []string) []text {
	out := make([]text, len(list))
	for i, s := range list {
		out[i] = text{s}
	}
	return out
}

func keyObjects(keys map[string]Key) map[text]Key {
	out := make(map[text]Key, len(keys))
	for id, k := range keys {
		out[text{id}] = k
	}
	return out
}

func (k RoleKeys) object() object {
	return object{"keyids": textList(k.KeyIDs), "threshold": k.Threshold}
}

func (m FileMeta) object() object {
	o := object{"version": m.Version}
	if m.Length > 0 {
		o["length"] = m.Length
	}
	if len(m.Hashes) > 0 {
		o["hashes"] = texts(m.Hashes)
	}
	return o
}

func (d *Delegations) object() object {
	o := object{"keys": keyObjects(d.Keys)}
	if s := d.Succinct; s != nil {
		succinct := s.RoleKeys.object()
		succinct["bit_length"] = s.BitLength
		succinct["name_prefix"] = text{s.NamePrefix}
		o["succinct_roles"] = succinct
	}
	if d.Roles != nil || d.Succinct == nil {
		roles := []object{}
		for _, r := range d.Roles {
			roles = append(roles, r.object())
		}
		o["roles"] = roles
	}
	return o
}

func (r DelegatedRole) object() object {
	o := r.RoleKeys.object()
	o["name"] = text{r.Name}
	o["terminating"] = r.Terminating
	if r.Paths != nil {
		o["paths"] = textList(r.Paths)
	}
	if r.PathHashPrefixes != nil {
		o["path_hash_prefixes"] = textList(r.PathHashPrefixes)
	}
	if r.Tag != "" {
		o["x-conclave-tag"] = text{r.Tag}
	}
	return o
}
