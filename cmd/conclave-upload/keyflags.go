package main

import (
	"context"
	"fmt"
	"os"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/onlinekey"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/spf13/cobra"
)

// keyFlags name the online keys. A role whose threshold is higher than one
// takes its flag more than once.
type keyFlags struct {
	both, snapshot, timestamp []string
	passphrase                passphraseFlags
}

func (f *keyFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.both, "online-key", nil, "the key file for snapshot and timestamp (may be repeated)")
	c.Flags().StringArrayVar(&f.snapshot, "snapshot-key", nil, "a key file for snapshot alone (may be repeated)")
	c.Flags().StringArrayVar(&f.timestamp, "timestamp-key", nil, "a key file for timestamp alone (may be repeated)")
	f.passphrase.register(c)
}

func (f *keyFlags) check() error {
	if len(f.both) == 0 && (len(f.snapshot) == 0 || len(f.timestamp) == 0) {
		return usagef("--online-key FILE is missing, or --snapshot-key FILE and --timestamp-key FILE")
	}
	return f.passphrase.check()
}

// signers returns what opens the keys when they are needed.
func (p *program) signers(f keyFlags) func(context.Context) (publish.Signers, error) {
	return func(ctx context.Context) (publish.Signers, error) {
		ring := keyring{program: p, source: f.passphrase, opened: map[string]*onlinekey.Key{}}
		defer ring.wipe()
		var s publish.Signers
		for _, use := range []struct {
			files []string
			roles []*[]publish.Signer
		}{
			{f.both, []*[]publish.Signer{&s.Snapshot, &s.Timestamp}},
			{f.snapshot, []*[]publish.Signer{&s.Snapshot}},
			{f.timestamp, []*[]publish.Signer{&s.Timestamp}},
		} {
			for _, file := range use.files {
				key, err := ring.open(ctx, file)
				if err != nil {
					return publish.Signers{}, fmt.Errorf("%s: %w", file, err)
				}
				for _, role := range use.roles {
					*role = append(*role, key)
				}
			}
		}
		return s, nil
	}
}

// keyring opens each key file once. A passphrase that comes from a file or a
// descriptor is read once and opens all of them.
type keyring struct {
	program *program
	source  passphraseFlags
	given   []byte
	opened  map[string]*onlinekey.Key
}

func (r *keyring) open(ctx context.Context, file string) (*onlinekey.Key, error) {
	if key := r.opened[file]; key != nil {
		return key, nil
	}
	sealed, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	passphrase := r.given
	if passphrase == nil {
		if passphrase, err = r.program.passphrase(ctx, r.source, "Passphrase of "+file+": "); err != nil {
			return nil, err
		}
		if r.source.asks() {
			defer clear(passphrase)
		} else {
			r.given = passphrase
		}
	}
	key, err := onlinekey.Open(sealed, passphrase)
	if err == nil {
		r.opened[file] = key
	}
	return key, err
}

func (r *keyring) wipe() { clear(r.given) }
