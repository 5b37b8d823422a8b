package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/conclave-tuf/conclave/offline"
)

//go:embed sample.yaml
var samplePlan []byte

// sampleStick is a directory that plays the stick of a rehearsal, with a plan
// in it. Nobody has the private part of the plan's online key: what is
// rehearsed with it can be co-signed, and not be published.
func sampleStick(ctx context.Context, workspace string) (string, error) {
	dir := filepath.Join(workspace, "stick")
	if _, err := os.Stat(filepath.Join(dir, "plan.yaml")); !errors.Is(err, fs.ErrNotExist) {
		return dir, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("the sample plan: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", fmt.Errorf("the sample plan: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("the sample plan: %w", err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	_, err = offline.Export(ctx, dir, "online.pub", public)
	if exists := (*offline.ExistsError)(nil); errors.As(err, &exists) {
		err = nil // an earlier start was cut short, and has made it
	}
	if err == nil {
		_, err = offline.Export(ctx, dir, "plan.yaml", samplePlan)
	}
	return dir, err
}
