package strict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// JSON reads one JSON value that holds nothing that T does not name, no key
// twice, and no key in another case than T gives it. How large and how deep it
// is, is looked at before it is parsed.
func JSON[T any](data []byte) (T, error) {
	var v T
	if _, err := metadata.Canonical(data); err != nil {
		return v, err
	}
	if err := names(json.NewDecoder(bytes.NewReader(data)), reflect.TypeFor[T](), ""); err != nil {
		return v, err
	}
	return v, json.Unmarshal(data, &v)
}

// names reads one value, and refuses a key that its type does not give to a
// field, which encoding/json would take in any case. Values that do not fit the
// type are left to it, and types that read themselves to themselves: t is nil then.
func names(dec *json.Decoder, t reflect.Type, path string) error {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != nil && reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		t = nil
	}
	token, err := dec.Token()
	if err != nil {
		return err
	}
	begun, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	known := fields(t)
	for i := 0; dec.More(); i++ {
		at, of := strconv.Itoa(i), elementOf(t)
		if begun == '{' {
			if token, err = dec.Token(); err != nil {
				return err
			}
			at, _ = token.(string)
			if known != nil {
				if of = known[at]; of == nil {
					return fmt.Errorf("the field %s is not known", text.Safe(path+at[:min(len(at), maxShown)]))
				}
			}
		}
		inner := ""
		if of != nil { // else nothing in it can be refused
			inner = path + at + "."
		}
		if err := names(dec, of, inner); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// maxShown is how much of a name an error repeats. In bytes.
const maxShown = 80

// elementOf is the type of what a list or a map holds.
func elementOf(t reflect.Type) reflect.Type {
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map) {
		return t.Elem()
	}
	return nil
}

// fields are the types of what a struct has in JSON, by name; nil for no struct.
func fields(t reflect.Type) map[string]reflect.Type {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	known := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported() || f.Anonymous && name == "":
		case name == "":
			known[f.Name] = f.Type
		default:
			known[name] = f.Type
		}
	}
	return known
}
