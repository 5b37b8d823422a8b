package ceremony

import (
	"fmt"
)

// Edit is one change that people want to make to a trust. Several of them make
// a draft; what they come to is worked out each time from the set that is
// complete, so the order in which they were thought of does no harm.
type Edit interface {
	fmt.Stringer // in words: "Fay joins root"
	kind() string
	apply(d *draft) error
}

// EditError says why an edit can't be made. Nothing was changed.
type EditError struct {
	Edit  Edit
	Entry int    // which target of several it is about, from 0
	Field string // what of it is wrong, where it is one thing: "name", "threshold", "path", "length"
	Why   string
}

func (e *EditError) Error() string { return e.Edit.String() + ": that can't be done: " + e.Why }

func cannot(e Edit, format string, args ...any) error {
	return &EditError{Edit: e, Why: fmt.Sprintf(format, args...)}
}

// wrong is cannot for one field.
func wrong(e Edit, field, format string, args ...any) error {
	return &EditError{Edit: e, Field: field, Why: fmt.Sprintf(format, args...)}
}

// maxInline is how long an edit may be that stands in the journal itself, in
// bytes; a longer one is kept beside it.
const maxInline = 64 << 10

// edited journals an edit.
func (c *Ceremony) edited(e Edit, data []byte) error {
	if len(data) <= maxInline {
		return c.append(edited{Kind: e.kind(), Edit: data})
	}
	blob, err := c.deps.Workspace.Put(data)
	if err != nil {
		return fmt.Errorf("the edit could not be kept: %w", err)
	}
	return c.append(edited{Kind: e.kind(), Blob: blob, Words: e.String()})
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
	case JoinRole{}.kind():
		return readEdit[JoinRole](e.Edit)
	case LeaveRole{}.kind():
		return readEdit[LeaveRole](e.Edit)
	case SetThreshold{}.kind():
		return readEdit[SetThreshold](e.Edit)
	case Renew{}.kind():
		return readEdit[Renew](e.Edit)
	case NameHolder{}.kind():
		return readEdit[NameHolder](e.Edit)
	case AddTarget{}.kind():
		return readEdit[AddTarget](e.Edit)
	case AddTargets{}.kind():
		return readEdit[AddTargets](e.Edit)
	case SetCustom{}.kind():
		return readEdit[SetCustom](e.Edit)
	case RemoveTarget{}.kind():
		return readEdit[RemoveTarget](e.Edit)
	case RemoveTargets{}.kind():
		return readEdit[RemoveTargets](e.Edit)
	case HashBins{}.kind():
		return readEdit[HashBins](e.Edit)
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
