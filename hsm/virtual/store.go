package virtual

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/conclave-tuf/conclave/hsm/internal/wire"
)

const (
	statePattern      = "token-*.json"
	unfinishedPattern = ".token-*" // a write that was cut short
)

func statePath(dir string, serial uint32) string {
	return filepath.Join(dir, fmt.Sprintf("token-%d.json", serial))
}

// readStates reads the tokens kept in dir, and makes dir where it isn't there.
// What a killed process left half written is removed.
func readStates(dir string) ([]state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("drawer of virtual tokens: %w", err)
	}
	unfinished, err := filepath.Glob(filepath.Join(dir, unfinishedPattern))
	if err != nil {
		return nil, err
	}
	for _, p := range unfinished {
		if err := os.Remove(p); err != nil {
			return nil, fmt.Errorf("drawer of virtual tokens: %w", err)
		}
	}
	paths, err := filepath.Glob(filepath.Join(dir, statePattern))
	if err != nil {
		return nil, err
	}
	var all []state
	for _, p := range paths {
		s, err := readState(p)
		if err != nil {
			return nil, fmt.Errorf("virtual token %s: %w", p, err)
		}
		if p != statePath(dir, s.Serial) {
			return nil, fmt.Errorf("virtual token %s: serial: the file holds token %d", p, s.Serial)
		}
		all = append(all, s)
	}
	return all, nil
}

func readState(path string) (state, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return state{}, err
	}
	s := state{Keys: make(map[wire.Slot]record), Objects: make(map[uint32][]byte)}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return state{}, err
	}
	return s, s.check()
}

// check refuses a state that no token could be in.
func (s state) check() error {
	const lowest, highest = 2, 1 << 20 // scrypt's N: a file must not stall the program
	for _, f := range []struct {
		name string
		secret
	}{{"pin", s.PIN}, {"puk", s.PUK}} {
		if f.Cost < lowest || f.Cost > highest || f.Cost&(f.Cost-1) != 0 {
			return fmt.Errorf("%s: n: %d is no power of two from %d to %d", f.name, f.Cost, lowest, highest)
		}
		if f.Most < 1 || f.Most > 255 || f.Tries < 0 || f.Tries > f.Most {
			return fmt.Errorf("%s: tries: %d of %d", f.name, f.Tries, f.Most)
		}
	}
	if n := s.Management.Algorithm.KeyBytes(); n == 0 || n != len(s.Management.Key) {
		return errors.New("management_key: algorithm and key don't match")
	}
	for slot, k := range s.Keys {
		if !slot.Valid() || k.Imported || k.Algorithm.Bits() > 0 || k.Number > s.Made {
			return fmt.Errorf("keys: %s: not a key that a stored token can have", slot)
		}
	}
	return nil
}

// writeState replaces a token's file: afterwards it is the old or the new one,
// and once it returns, the new one has reached the disk.
func writeState(dir string, s state) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, unfinishedPattern)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already where all went well
	_, err = f.Write(append(b, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), statePath(dir, s.Serial)); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename durable. Windows has no such call, and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
