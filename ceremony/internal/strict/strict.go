package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// JSON reads one JSON value that holds nothing that T does not name.
func JSON[T any](data []byte) (T, error) {
	var v T
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&v)
	if err != nil {
		return v, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return v, errors.New("there is more behind it")
	}
	return v, nil
}
