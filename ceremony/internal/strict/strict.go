package strict

import (
	"bytes"
	"encoding/json"
)

// JSON reads JSON that holds nothing that T does not name.
func JSON[T any](data []byte) (T, error) {
	var v T
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&v)
	return v, err
}
