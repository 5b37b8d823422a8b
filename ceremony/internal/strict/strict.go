package strict

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
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
	if err := names(reflect.TypeFor[T](), data, ""); err != nil {
		return v, err
	}
	return v, json.Unmarshal(data, &v)
}

// names refuses a key that a type does not give to a field, which encoding/json
// would take in any case. Values that do not fit the type are left to it, and
// types that read themselves to themselves.
func names(t reflect.Type, data []byte, path string) error {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return names(t.Elem(), data, path)
	case reflect.Slice, reflect.Array:
		if k := t.Elem().Kind(); k != reflect.Struct && k != reflect.Map && k != reflect.Slice && k != reflect.Pointer {
			return nil
		}
		var list []json.RawMessage
		_ = json.Unmarshal(data, &list)
		for i, v := range list {
			if err := names(t.Elem(), v, path+strconv.Itoa(i)+"."); err != nil {
				return err
			}
		}
	case reflect.Map, reflect.Struct:
		var object map[string]json.RawMessage
		_ = json.Unmarshal(data, &object)
		known := fields(t)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			of, ok := known[key]
			if t.Kind() == reflect.Map {
				of, ok = t.Elem(), true
			}
			if !ok {
				return fmt.Errorf("the field %s is not known", text.Safe(path+key))
			}
			if err := names(of, object[key], path+key+"."); err != nil {
				return err
			}
		}
	}
	return nil
}

// fields are the types of what a struct has in JSON, by name.
func fields(t reflect.Type) map[string]reflect.Type {
	if t.Kind() != reflect.Struct {
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
