//go:build !linux

package pcscd

import (
	"context"
	"io"
)

type process struct{}

// Start returns a *MissingError: there is no such daemon outside Linux.
func Start(context.Context, string, int, io.Writer) (*Service, error) {
	return nil, &MissingError{"pcscd for Linux", "pcscd"}
}

// Stop does nothing.
func (*Service) Stop() error { return nil }
