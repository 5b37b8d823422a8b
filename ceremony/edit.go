package ceremony

import (
	"fmt"
	"slices"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// Edit is one change that people want to make to a trust. Several of them make
// a draft; what they come to is worked out each time from the set that is
// complete, so the order in which they were thought of does no harm.
type Edit interface {
	fmt.Stringer // in words: "Fay joins root"
	kind() string
	apply(d *draft) error
}

// The edits. Roles are root, targets and delegated roles; holders are named.
type (
	// AddHolder gives somebody new keys of roles. A token is enrolled.
	AddHolder struct {
		Holder string   `json:"holder"`
		Roles  []string `json:"roles"`
	}
	// ReplaceToken gives a holder a new token, in every role. Lost says that
	// the old one can't sign any more.
	ReplaceToken struct {
		Holder string `json:"holder"`
		Lost   bool   `json:"lost,omitempty"`
	}
	// RemoveHolder takes a holder out of every role.
	RemoveHolder struct {
		Holder string `json:"holder"`
		Lost   bool   `json:"lost,omitempty"`
	}
	// SetThreshold changes how many keys must sign a role.
	SetThreshold struct {
		Role      string `json:"role"`
		Threshold int    `json:"threshold"`
	}
	// Renew makes a role good for that many days from the freezing.
	Renew struct {
		Role string `json:"role"`
		Days int    `json:"days"`
	}
	// NameHolder says whose key an adopted one is. KeyID is as the newest root has it.
	NameHolder struct {
		KeyID  string `json:"keyid"`
		Holder string `json:"holder"`
	}
	// AddTarget puts a target into a role, or replaces it.
	AddTarget struct {
		Role      string          `json:"role"`
		Path      string          `json:"path"`
		SHA256    metadata.Digest `json:"sha256"`
		Length    int64           `json:"length"` // bytes
		MediaType string          `json:"media_type,omitempty"`
	}
	// RemoveTarget takes a target out of a role.
	RemoveTarget struct {
		Role string `json:"role"`
		Path string `json:"path"`
	}
	// Delegate makes a role that targets delegates paths to, signed by holders
	// that the trust has already or that AddHolder brings.
	Delegate struct {
		Role        string   `json:"role"`
		Holders     []string `json:"holders"`
		Threshold   int      `json:"threshold"`
		Paths       []string `json:"paths"`
		Terminating bool     `json:"terminating,omitempty"`
	}
	// SetPaths changes what is delegated to a role.
	SetPaths struct {
		Role  string   `json:"role"`
		Paths []string `json:"paths"`
	}
	// Undelegate takes a role's delegation away.
	Undelegate struct {
		Role string `json:"role"`
	}
	// SetOnlineKey replaces the keys of snapshot or timestamp.
	SetOnlineKey struct {
		Role string       `json:"role"`
		Key  metadata.Key `json:"key"`
	}
)

func (AddHolder) kind() string    { return "add-holder" }
func (ReplaceToken) kind() string { return "replace-token" }
func (RemoveHolder) kind() string { return "remove-holder" }
func (SetThreshold) kind() string { return "set-threshold" }
func (Renew) kind() string        { return "renew" }
func (NameHolder) kind() string   { return "name-holder" }
func (AddTarget) kind() string    { return "add-target" }
func (RemoveTarget) kind() string { return "remove-target" }
func (Delegate) kind() string     { return "delegate" }
func (SetPaths) kind() string     { return "set-paths" }
func (Undelegate) kind() string   { return "undelegate" }
func (SetOnlineKey) kind() string { return "set-online-key" }

func (e AddHolder) String() string {
	return fmt.Sprintf("%s joins %s", Safe(e.Holder), Safe(strings.Join(e.Roles, " and ")))
}
func (e ReplaceToken) String() string {
	return Safe(e.Holder) + " gets a new token" + lostWords(e.Lost)
}
func (e RemoveHolder) String() string { return Safe(e.Holder) + " leaves" + lostWords(e.Lost) }
func (e SetThreshold) String() string {
	return fmt.Sprintf("%s needs %d signatures", Safe(e.Role), e.Threshold)
}
func (e Renew) String() string {
	return fmt.Sprintf("%s is good for %d days", Safe(e.Role), e.Days)
}
func (e NameHolder) String() string {
	return fmt.Sprintf("key %.8s is %s's", Safe(e.KeyID), Safe(e.Holder))
}
func (e AddTarget) String() string {
	return fmt.Sprintf("%s is put into %s", Safe(e.Path), Safe(e.Role))
}
func (e RemoveTarget) String() string {
	return fmt.Sprintf("%s is taken out of %s", Safe(e.Path), Safe(e.Role))
}
func (e Delegate) String() string {
	return fmt.Sprintf("%s is delegated to %s, signed by %d of %s", Safe(strings.Join(e.Paths, " ")), Safe(e.Role), e.Threshold, Safe(strings.Join(e.Holders, ", ")))
}
func (e SetPaths) String() string {
	return fmt.Sprintf("%s is about %s", Safe(e.Role), Safe(strings.Join(e.Paths, " ")))
}
func (e Undelegate) String() string { return "nothing is delegated to " + Safe(e.Role) + " any more" }
func (e SetOnlineKey) String() string {
	return fmt.Sprintf("%s is signed with the online key %.8s", Safe(e.Role), e.Key.ID())
}

func lostWords(lost bool) string {
	if lost {
		return "; the old token is lost"
	}
	return ""
}

// EditError says why an edit can't be made. Nothing was changed.
type EditError struct {
	Edit Edit
	Why  string
}

func (e *EditError) Error() string { return e.Edit.String() + ": that can't be done: " + e.Why }

func cannot(e Edit, format string, args ...any) error {
	return &EditError{e, fmt.Sprintf(format, args...)}
}

// read returns the edit that the event holds, strictly.
func (e edited) read() (Edit, error) {
	switch e.Kind {
	case AddHolder{}.kind():
		return readEdit[AddHolder](e.Edit)
	case ReplaceToken{}.kind():
		return readEdit[ReplaceToken](e.Edit)
	case RemoveHolder{}.kind():
		return readEdit[RemoveHolder](e.Edit)
	case SetThreshold{}.kind():
		return readEdit[SetThreshold](e.Edit)
	case Renew{}.kind():
		return readEdit[Renew](e.Edit)
	case NameHolder{}.kind():
		return readEdit[NameHolder](e.Edit)
	case AddTarget{}.kind():
		return readEdit[AddTarget](e.Edit)
	case RemoveTarget{}.kind():
		return readEdit[RemoveTarget](e.Edit)
	case Delegate{}.kind():
		return readEdit[Delegate](e.Edit)
	case SetPaths{}.kind():
		return readEdit[SetPaths](e.Edit)
	case Undelegate{}.kind():
		return readEdit[Undelegate](e.Edit)
	case SetOnlineKey{}.kind():
		return readEdit[SetOnlineKey](e.Edit)
	}
	return nil, fmt.Errorf("an edit %q is not known to this program", Safe(e.Kind))
}

func readEdit[E Edit](data []byte) (Edit, error) {
	e, err := strictly[E](data)
	if err != nil {
		return nil, fmt.Errorf("edit %s: %w", e.kind(), err)
	}
	return e, nil
}

// newName refuses a name that is taken, or that could be mistaken for one.
func (d *draft) newName(e Edit, name string) error {
	if len(d.keysOf(name)) > 0 {
		return cannot(e, "%s has a key already", Safe(name))
	}
	for _, other := range d.names() {
		if skeleton(other) == skeleton(name) {
			return cannot(e, "the name looks like %s", Safe(other))
		}
	}
	if name == "" || Safe(name) != name || len(name) > 64 {
		return cannot(e, "a holder's name has 1 to 64 visible characters")
	}
	return nil
}

func (e NameHolder) apply(d *draft) error {
	if err := d.newName(e, e.Holder); err != nil {
		return err
	}
	id, known := d.renamed[e.KeyID]
	switch {
	case !known:
		return cannot(e, "root has no such key")
	case d.owners[id] != "":
		return cannot(e, "it is %s's", Safe(d.owners[id]))
	}
	d.owners[id] = e.Holder
	d.touch("root")
	return nil
}

func (e AddHolder) apply(d *draft) error {
	if err := d.newName(e, e.Holder); err != nil {
		return err
	}
	if len(e.Roles) == 0 {
		return cannot(e, "no role is named")
	}
	key, ok := d.newKey(e.Holder)
	for _, role := range e.Roles {
		who := d.keyholders(role)
		if who == nil || isOnline(role) {
			return cannot(e, "%s is no role that holders sign", Safe(role))
		}
		if ok {
			d.addKey(role, e.Holder, key)
		}
	}
	return nil
}

func (e ReplaceToken) apply(d *draft) error {
	old := d.keysOf(e.Holder)
	if len(old) == 0 {
		return cannot(e, "nobody of that name holds a key")
	}
	d.lose(old, e.Lost)
	key, ok := d.newKey(e.Holder)
	if !ok {
		return nil
	}
	for _, role := range d.roles() {
		for _, id := range old {
			if d.removeKey(role, id) {
				d.addKey(role, e.Holder, key)
			}
		}
	}
	return nil
}

func (e RemoveHolder) apply(d *draft) error {
	old := d.keysOf(e.Holder)
	if len(old) == 0 {
		return cannot(e, "nobody of that name holds a key")
	}
	d.lose(old, e.Lost)
	for _, role := range d.roles() {
		for _, id := range old {
			d.removeKey(role, id)
		}
	}
	return nil
}

func (e SetThreshold) apply(d *draft) error {
	who := d.keyholders(e.Role)
	if who == nil {
		return cannot(e, "there is no role of that name")
	}
	who.Threshold = e.Threshold
	d.touchKeys(e.Role)
	return nil
}

func (e Renew) apply(d *draft) error {
	if !d.signedByHolders(e.Role) {
		return cannot(e, "there is no role of that name that holders sign")
	}
	if e.Days < 1 || e.Days > maxDays {
		return cannot(e, "a role is good for 1 to %d days", maxDays)
	}
	d.days[e.Role] = e.Days
	d.touch(e.Role)
	return nil
}

func (e AddTarget) apply(d *draft) error {
	t := d.targets[e.Role]
	switch {
	case t == nil:
		return cannot(e, "there is no role of that name that holds targets")
	case Safe(e.Path) != e.Path:
		return cannot(e, "the path holds characters that can't be seen")
	case e.Length < 1:
		return cannot(e, "the length in bytes is missing")
	}
	target, err := imageOrFile(e.SHA256, e.Length, e.MediaType)
	if err != nil {
		return cannot(e, "%v", err)
	}
	t.Targets[e.Path] = target
	d.touch(e.Role)
	return nil
}

func (e RemoveTarget) apply(d *draft) error {
	t := d.targets[e.Role]
	if t == nil {
		return cannot(e, "there is no role of that name that holds targets")
	}
	if _, ok := t.Targets[e.Path]; !ok {
		return cannot(e, "it is not there")
	}
	delete(t.Targets, e.Path)
	d.touch(e.Role)
	return nil
}

func (e Delegate) apply(d *draft) error {
	if d.keyholders(e.Role) != nil {
		return cannot(e, "there is a role of that name already")
	}
	if len(e.Paths) == 0 {
		return cannot(e, "no path is named")
	}
	t := d.targets["targets"]
	if t == nil {
		return cannot(e, "there are no targets that could delegate")
	}
	if t.Delegations == nil {
		t.Delegations = &metadata.Delegations{Keys: map[string]metadata.Key{}}
	}
	t.Delegations.Roles = append(t.Delegations.Roles, metadata.DelegatedRole{
		Name: e.Role, Paths: slices.Clone(e.Paths), Terminating: e.Terminating,
		Keyholders: metadata.Keyholders{Threshold: e.Threshold},
	})
	d.targets[e.Role] = &metadata.Targets{Targets: map[string]metadata.Target{}}
	for _, name := range e.Holders {
		keys := d.keysOf(name)
		if len(keys) == 0 {
			return cannot(e, "nobody called %s holds a key; let them join first", Safe(name))
		}
		for _, id := range keys {
			d.addKey(e.Role, name, d.key(id))
		}
	}
	d.touch("targets")
	d.touch(e.Role)
	return nil
}

func (e SetPaths) apply(d *draft) error {
	r := d.delegation(e.Role)
	if r == nil {
		return cannot(e, "nothing is delegated to a role of that name")
	}
	if len(e.Paths) == 0 {
		return cannot(e, "no path is named")
	}
	r.Paths = slices.Clone(e.Paths)
	d.touch("targets")
	return nil
}

func (e Undelegate) apply(d *draft) error {
	if d.delegation(e.Role) == nil {
		return cannot(e, "nothing is delegated to a role of that name")
	}
	for _, id := range slices.Clone(d.keyholders(e.Role).KeyIDs) {
		d.removeKey(e.Role, id)
	}
	del := d.delegations()
	del.Roles = slices.DeleteFunc(del.Roles, func(r metadata.DelegatedRole) bool { return r.Name == e.Role })
	delete(d.targets, e.Role)
	delete(d.touched, e.Role)
	return nil
}

func (e SetOnlineKey) apply(d *draft) error {
	if !isOnline(e.Role) {
		return cannot(e, "only snapshot and timestamp are signed online")
	}
	for _, id := range slices.Clone(d.keyholders(e.Role).KeyIDs) {
		d.removeKey(e.Role, id)
	}
	d.addKey(e.Role, "", e.Key)
	return nil
}

func isOnline(role string) bool { return role == "snapshot" || role == "timestamp" }
