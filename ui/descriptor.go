package ui

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

// descriptor is what an OCI content descriptor says of an image (OCI image
// specification, "OCI Content Descriptors"). Other fields of it are not used.
type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"` // bytes
	digest    metadata.Digest
}

func readDescriptor(text []byte) (descriptor, error) {
	var d descriptor
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("it is no OCI descriptor: %w", err)
	}
	var err error
	switch d.digest, err = metadata.ParseDigest(d.Digest); {
	case err != nil:
		return d, fmt.Errorf("digest: %w", err)
	case d.Size < 1:
		return d, errors.New("size: the length in bytes is missing")
	case d.MediaType == "":
		return d, errors.New("mediaType: it is missing")
	}
	return d, nil
}
