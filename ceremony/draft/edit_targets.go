package draft

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/trust"
)

// Edits of targets. Role is targets, a delegated role, or a role that delegates
// to hash bins: a target then goes into the bin that the hash of its path names.
type (
	// AddTarget puts a target into a role, or replaces it.
	AddTarget struct {
		Role      string          `json:"role"`
		Path      string          `json:"path"`
		SHA256    metadata.Digest `json:"sha256"`
		Length    int64           `json:"length"` // bytes
		MediaType string          `json:"media_type,omitempty"`
		Custom    string          `json:"custom,omitempty"` // a JSON object
	}
	// AddTargets is AddTarget for many: a directory, the images of a listing.
	AddTargets struct {
		Role    string            `json:"role"`
		Targets []trust.NewTarget `json:"targets"`
	}
	// SetCustom changes the custom data of a target; "" leaves it with none.
	SetCustom struct {
		Role   string `json:"role"`
		Path   string `json:"path"`
		Custom string `json:"custom,omitempty"` // a JSON object
	}
	// RemoveTarget takes a target out of a role.
	RemoveTarget struct {
		Role string `json:"role"`
		Path string `json:"path"`
	}
	// RemoveTargets takes all targets of a role that match a pattern out of it:
	// "old/" is everything below it, "old/*.tgz" is a pattern as delegations have
	// them (TUF 1.0, 4.5, PATHPATTERN).
	RemoveTargets struct {
		Role    string `json:"role"`
		Pattern string `json:"pattern"`
	}
)

func (AddTarget) kind() string     { return "add-target" }
func (AddTargets) kind() string    { return "add-targets" }
func (SetCustom) kind() string     { return "set-custom" }
func (RemoveTarget) kind() string  { return "remove-target" }
func (RemoveTargets) kind() string { return "remove-targets" }

func (e AddTarget) String() string {
	return fmt.Sprintf("%s is put into %s", text.Safe(e.Path), text.Safe(e.Role))
}
func (e AddTargets) String() string {
	if len(e.Targets) == 1 {
		return fmt.Sprintf("%s is put into %s", text.Safe(e.Targets[0].Path), text.Safe(e.Role))
	}
	return fmt.Sprintf("%d targets are put into %s", len(e.Targets), text.Safe(e.Role))
}
func (e SetCustom) String() string {
	if e.Custom == "" {
		return fmt.Sprintf("%s in %s has no custom data any more", text.Safe(e.Path), text.Safe(e.Role))
	}
	return fmt.Sprintf("%s in %s has the custom data %s", text.Safe(e.Path), text.Safe(e.Role), text.Safe(e.Custom))
}
func (e RemoveTarget) String() string {
	return fmt.Sprintf("%s is taken out of %s", text.Safe(e.Path), text.Safe(e.Role))
}
func (e RemoveTargets) String() string {
	return fmt.Sprintf("every target that matches %s is taken out of %s", text.Safe(e.Pattern), text.Safe(e.Role))
}

func (e AddTarget) apply(d *Draft) error {
	one := trust.NewTarget{Path: e.Path, SHA256: e.SHA256, Length: e.Length, MediaType: e.MediaType, Custom: e.Custom}
	return d.addTargets(e, e.Role, []trust.NewTarget{one})
}

func (e AddTargets) apply(d *Draft) error {
	if len(e.Targets) == 0 {
		return cannot(e, "no target is named")
	}
	return d.addTargets(e, e.Role, e.Targets)
}

// addTargets puts them into role, or into its bins.
func (d *Draft) addTargets(e Edit, role string, list []trust.NewTarget) error {
	if !d.holdsTargets(role) {
		return cannot(e, "there is no role of that name that holds targets")
	}
	foreign := d.foreignPaths(role)
	seen := make(map[string]bool, len(list))
	for i, n := range list {
		target, err := targetOf(n)
		if err == nil && seen[n.Path] {
			err = &targetError{"path", fmt.Errorf("it is named twice")}
		}
		if err == nil {
			err = foreign.check(n.Path)
		}
		if err != nil {
			refused := &EditError{Edit: e, Entry: i, Why: fmt.Sprintf("%s: %v", text.Safe(n.Path), err)}
			if of, ok := errors.AsType[*targetError](err); ok {
				refused.Field = of.field
			}
			return refused
		}
		seen[n.Path] = true
		in := d.holderOf(role, n.Path)
		d.targets[in].Targets[n.Path] = target
		d.touch(in)
	}
	return nil
}

// targetError says which field of a target is wrong.
type targetError struct {
	field string // as JSON names it
	error
}

// targetOf is what metadata says of a new target.
func targetOf(n trust.NewTarget) (metadata.Target, error) {
	t := metadata.Target{Length: n.Length, Hashes: map[string]string{"sha256": n.SHA256.String()}}
	if err := trust.CheckTargetPath(n.Path); err != nil {
		return t, &targetError{"path", err}
	}
	if n.Length < 1 {
		return t, &targetError{"length", fmt.Errorf("the length in bytes is missing")}
	}
	custom, err := readCustom(n.Custom)
	if err != nil || n.MediaType == "" {
		t.Custom = custom
		return t, err
	}
	fields := map[string]json.RawMessage{}
	if custom != nil {
		if err := json.Unmarshal(custom, &fields); err != nil {
			return t, err
		}
	}
	mediaType, err := json.Marshal(n.MediaType)
	if err != nil {
		return t, err
	}
	if said, ok := fields[mediaTypeField]; ok && string(said) != string(mediaType) {
		return t, fmt.Errorf("its custom data say another media type")
	}
	fields[mediaTypeField] = mediaType
	raw, err := json.Marshal(fields)
	if err != nil {
		return t, err
	}
	t.Custom, err = metadata.Compact(raw)
	return t, err
}

// mediaTypeField is the field of custom that says what an image's manifest is.
const mediaTypeField = "mediaType"

// maxCustom is how long the custom data of one target may be, in bytes.
const maxCustom = 4096

// readCustom takes a JSON object in any spelling, and gives it the one of metadata.
func readCustom(raw string) ([]byte, error) {
	if raw == "" {
		return nil, nil
	}
	if len(raw) > maxCustom {
		return nil, fmt.Errorf("its custom data are longer than %d bytes", maxCustom)
	}
	if !strings.HasPrefix(strings.TrimSpace(raw), "{") {
		return nil, fmt.Errorf("its custom data are no JSON object")
	}
	compact, err := metadata.Compact([]byte(raw))
	if err != nil {
		return nil, fmt.Errorf("its custom data are no JSON that metadata can hold: %s", text.Safe(err.Error()))
	}
	return compact, nil
}

// lookAlikes finds a path that could be mistaken for another. Only letters
// beyond ASCII are suspected: version-1.0 and version-1-0 are two files that
// people call so.
type lookAlikes struct {
	plain   map[string]string // skeleton -> path, of all paths
	foreign bool              // one of them is not ASCII
	list    func() []string
}

// foreignPaths knows the paths of role and of its bins. They are looked at when
// the first path is checked that is not ASCII, or where one is there.
func (d *Draft) foreignPaths(role string) *lookAlikes {
	l := &lookAlikes{list: func() []string { return d.pathsOf(role) }}
	for _, p := range l.list() {
		l.foreign = l.foreign || !isASCII(p)
	}
	return l
}

// check refuses a path that looks like another one, and remembers it.
func (l *lookAlikes) check(p string) error {
	if isASCII(p) && !l.foreign {
		return nil
	}
	if l.plain == nil {
		l.plain = map[string]string{}
		for _, other := range l.list() {
			l.plain[text.Skeleton(other)] = other
		}
	}
	look := text.Skeleton(p)
	if other, there := l.plain[look]; there && other != p && (!isASCII(p) || !isASCII(other)) {
		return &targetError{"path", fmt.Errorf("the path looks like %s", text.Safe(other))}
	}
	l.plain[look], l.foreign = p, true
	return nil
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0
}

func (e SetCustom) apply(d *Draft) error {
	in, err := d.find(e, e.Role, e.Path)
	if err != nil {
		return err
	}
	custom, err := readCustom(e.Custom)
	if err != nil {
		return cannot(e, "%v", err)
	}
	t := d.targets[in].Targets[e.Path]
	t.Custom = custom
	d.targets[in].Targets[e.Path] = t
	d.touch(in)
	return nil
}

func (e RemoveTarget) apply(d *Draft) error {
	in, err := d.find(e, e.Role, e.Path)
	if err != nil {
		return err
	}
	delete(d.targets[in].Targets, e.Path)
	d.touch(in)
	return nil
}

func (e RemoveTargets) apply(d *Draft) error {
	if !d.holdsTargets(e.Role) {
		return cannot(e, "there is no role of that name that holds targets")
	}
	matches := func(p string) bool { return metadata.MatchPath(e.Pattern, p) }
	if below, ok := strings.CutSuffix(e.Pattern, "/"); ok && below != "" {
		matches = func(p string) bool { return strings.HasPrefix(p, e.Pattern) }
	} else if _, err := path.Match(e.Pattern, ""); err != nil || e.Pattern == "" || below == "" {
		return cannot(e, "that is no pattern")
	}
	removed := false
	for _, in := range d.holding(e.Role) {
		before := len(d.targets[in].Targets)
		maps.DeleteFunc(d.targets[in].Targets, func(p string, _ metadata.Target) bool { return matches(p) })
		if len(d.targets[in].Targets) < before {
			d.touch(in)
			removed = true
		}
	}
	if !removed {
		return cannot(e, "nothing matches it")
	}
	return nil
}

// find is the role, or the bin of it, that holds a target.
func (d *Draft) find(e Edit, role, p string) (string, error) {
	if !d.holdsTargets(role) {
		return "", cannot(e, "there is no role of that name that holds targets")
	}
	for _, in := range []string{role, d.holderOf(role, p)} {
		if t := d.targets[in]; t != nil {
			if _, ok := t.Targets[p]; ok {
				return in, nil
			}
		}
	}
	return "", cannot(e, "it is not there")
}

// holdsTargets says whether role is one whose targets can be edited.
func (d *Draft) holdsTargets(role string) bool { return len(d.holding(role)) > 0 }

// holding lists the roles whose metadata hold the targets of role: itself, and its bins.
func (d *Draft) holding(role string) []string {
	var list []string
	if d.targets[role] != nil {
		list = append(list, role)
	}
	if b := d.binsOf(role); b != nil {
		list = append(list, b.names()...)
	}
	return list
}

// holderOf is the role into whose metadata a target of role goes.
func (d *Draft) holderOf(role, p string) string {
	if b := d.binsOf(role); b != nil {
		return b.For(p)
	}
	return role
}

// pathsOf lists the targets of role and of its bins, sorted.
func (d *Draft) pathsOf(role string) []string {
	var paths []string
	for _, in := range d.holding(role) {
		paths = slices.AppendSeq(paths, maps.Keys(d.targets[in].Targets))
	}
	slices.Sort(paths)
	return paths
}
