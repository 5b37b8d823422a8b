package draft

import (
	"encoding/json"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/internal/strict"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Edit is one change that people want to make to a trust. Several of them make
// a draft; what they come to is worked out each time from the set that is
// complete, so the order in which they were thought of does no harm.
type Edit interface {
	fmt.Stringer // in words: "Fay joins root"
	kind() string
	apply(d *Draft) error
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

// NeededError: an edit can't be taken back, because a later one needs it.
// Nothing was changed.
type NeededError struct {
	Edit, By Edit
	Why      string // By can't be made without Edit
}

func (e *NeededError) Error() string {
	return fmt.Sprintf("%s: that can't be taken back, because a later edit needs it (%s): without it, %s", e.Edit, e.By, e.Why)
}

// WriteEdit is an edit as a journal holds it: what it is called, and its JSON.
func WriteEdit(e Edit) (kind string, data []byte, err error) {
	data, err = json.Marshal(e)
	return e.kind(), data, err
}

// ReadEdit reads strictly what WriteEdit wrote.
func ReadEdit(kind string, data []byte) (Edit, error) {
	switch kind {
	case AddHolder{}.kind():
		return readEdit[AddHolder](data)
	case ReplaceToken{}.kind():
		return readEdit[ReplaceToken](data)
	case RemoveHolder{}.kind():
		return readEdit[RemoveHolder](data)
	case JoinRole{}.kind():
		return readEdit[JoinRole](data)
	case LeaveRole{}.kind():
		return readEdit[LeaveRole](data)
	case SetThreshold{}.kind():
		return readEdit[SetThreshold](data)
	case Renew{}.kind():
		return readEdit[Renew](data)
	case NameHolder{}.kind():
		return readEdit[NameHolder](data)
	case AddTarget{}.kind():
		return readEdit[AddTarget](data)
	case AddTargets{}.kind():
		return readEdit[AddTargets](data)
	case SetCustom{}.kind():
		return readEdit[SetCustom](data)
	case RemoveTarget{}.kind():
		return readEdit[RemoveTarget](data)
	case RemoveTargets{}.kind():
		return readEdit[RemoveTargets](data)
	case HashBins{}.kind():
		return readEdit[HashBins](data)
	case Delegate{}.kind():
		return readEdit[Delegate](data)
	case SetPaths{}.kind():
		return readEdit[SetPaths](data)
	case Undelegate{}.kind():
		return readEdit[Undelegate](data)
	case SetOnlineKey{}.kind():
		return readEdit[SetOnlineKey](data)
	}
	return nil, fmt.Errorf("an edit %q is not known to this program", text.Safe(kind))
}

func readEdit[E Edit](data []byte) (Edit, error) {
	e, err := strict.JSON[E](data)
	if err != nil {
		return nil, fmt.Errorf("edit %s: %w", e.kind(), err)
	}
	return e, nil
}
