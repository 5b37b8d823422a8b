package pkcs11

import (
	"fmt"
	"strings"
)

// Options say which module to load, and which key on its tokens signs. With
// neither ID nor Label it is the one signing key that is there.
type Options struct {
	Module string // path of the shared library
	ID     []byte // CKA_ID of the key
	Label  string // CKA_LABEL of the key
}

// Label is the label of a key that an enrolment makes. It names trust and
// holder, as the request's subject does.
func Label(subject string) string { return "conclave: " + subject }

// AmbiguousError: a token holds several keys that could sign, and none was named.
type AmbiguousError struct {
	Serial string
	Keys   []string // each by label and ID
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("token %s holds %d signing keys, and it was not said which one to use: %s", e.Serial, len(e.Keys), strings.Join(e.Keys, ", "))
}

// ModuleError: the module can't be used.
type ModuleError struct {
	Module string
	Err    error
}

func (e *ModuleError) Error() string {
	return fmt.Sprintf("PKCS#11 module %s: %v", e.Module, e.Err)
}
func (e *ModuleError) Unwrap() error { return e.Err }
