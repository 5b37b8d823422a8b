//go:build cgo

package pkcs11

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// chosen says whether the options name a key.
func (o Options) chosen() bool { return len(o.ID) > 0 || o.Label != "" }

// match says whether a key is one that the options mean.
func (o Options) match(id []byte, label string) bool {
	return (len(o.ID) == 0 || bytes.Equal(o.ID, id)) && (o.Label == "" || o.Label == label)
}

// name is how people are told of a key.
func name(id []byte, label string) string {
	switch {
	case label == "":
		return hex.EncodeToString(id)
	case len(id) == 0:
		return text.Safe(label)
	}
	return fmt.Sprintf("%s (%x)", text.Safe(label), id)
}

// slot names the place of a key that isn't there.
func (o Options) slot() string {
	if !o.chosen() {
		return ""
	}
	return name(o.ID, o.Label)
}
