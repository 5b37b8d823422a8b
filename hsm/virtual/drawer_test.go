package virtual_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

func hexSum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func openDrawer(t *testing.T, dir string) *virtual.Drawer {
	t.Helper()
	d, err := virtual.OpenDrawer(dir, virtual.Options{Cost: 2})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// inReader is the one token in the reader.
func inReader(t *testing.T, d *virtual.Drawer) token.Enroller {
	t.Helper()
	tokens, err := d.Tokens(t.Context())
	if err != nil || len(tokens) != 1 {
		t.Fatalf("%d tokens in the reader, %v", len(tokens), err)
	}
	return tokens[0].(token.Enroller)
}

// Each step is done by a process of its own, as it were: nothing is handed on
// but the directory.
func TestDrawerResumes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "drawer")
	step := func(do func(d *virtual.Drawer)) { do(openDrawer(t, dir)) }
	var key string
	step(func(d *virtual.Drawer) {
		for _, serial := range []uint32{10000001, 9000000} {
			if err := d.Add(serial, virtual.Firmware574); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Add(9000000, virtual.Firmware574); err == nil {
			t.Error("one serial was added twice")
		}
	})
	step(func(d *virtual.Drawer) {
		if tokens, err := d.Tokens(t.Context()); err != nil || len(tokens) != 0 {
			t.Errorf("%d tokens in the reader, %v", len(tokens), err)
		}
		if err := d.Insert("9000000"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, ".token-1"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := d.Insert("1"); !errors.Is(err, virtual.ErrNoSuchToken) {
			t.Errorf("got %v", err)
		}
	})
	step(func(d *virtual.Drawer) {
		e, err := inReader(t, d).Enrol(t.Context(), hsmtest.Request("rehearsal-wabbit Ada"))
		if err != nil {
			t.Fatal(err)
		}
		key = e.Key.ID()
	})
	step(func(d *virtual.Drawer) {
		var wrong *token.WrongPINError
		if _, err := inReader(t, d).Sign(t.Context(), hsmtest.PIN("000000"), []byte("x")); !errors.As(err, &wrong) {
			t.Errorf("got %v", err)
		}
	})
	step(func(d *virtual.Drawer) {
		all, err := d.All()
		if err != nil || len(all) != 2 || all[0].Serial != "9000000" || all[1].Serial != "10000001" {
			t.Fatalf("got %+v, %v", all, err)
		}
		if all[0].PINTries != 2 || all[0].Key.ID() != key || all[0].Reader == "" || all[1].Reader != "" || !all[1].Factory {
			t.Errorf("got %+v", all)
		}
		tok := inReader(t, d)
		info, err := tok.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sig, err := tok.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x"))
		if err != nil || info.Key.Verify([]byte("x"), sig) != nil {
			t.Errorf("got %v", err)
		}
		if err := d.Remove("9000000"); err != nil {
			t.Fatal(err)
		}
		var removed *token.RemovedError
		if _, err := tok.Info(t.Context()); !errors.As(err, &removed) {
			t.Errorf("got %v", err)
		}
	})
	step(func(d *virtual.Drawer) {
		if tokens, err := d.Tokens(t.Context()); err != nil || len(tokens) != 0 {
			t.Errorf("%d tokens in the reader, %v", len(tokens), err)
		}
	})
	holdsNoSecret(t, dir)
}

// holdsNoSecret looks for the PIN, the PUK and any private key on disk.
func holdsNoSecret(t *testing.T, dir string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{hsmtest.GoodPIN, hsmtest.GoodPUK, "PRIVATE"} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s holds %q", f, secret)
			}
		}
	}
}

func TestStoredCardMakesNoKeyThatWouldHaveToBeWritten(t *testing.T) {
	d := openDrawer(t, t.TempDir())
	if err := d.Add(5417533, virtual.Firmware574); err != nil {
		t.Fatal(err)
	}
	c := d.Card("5417533")
	if err := c.AuthenticateManagement(provision.FactoryManagementKey()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Generate(wire.Signature, wire.RSA2048, 0, 0); !errors.Is(err, status.NotSupported) {
		t.Errorf("RSA: %v", err)
	}
}

func TestDrawerRefusesBrokenFiles(t *testing.T) {
	good := t.TempDir()
	if err := openDrawer(t, good).Add(5417533, virtual.Firmware574); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(good, "token-5417533.json"))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]*strings.Replacer{
		"cut short":           strings.NewReplacer("}", ""),
		"unknown field":       strings.NewReplacer(`"serial"`, `"sereal"`),
		"another serial":      strings.NewReplacer("5417533", "5417534"),
		"an endless scrypt":   strings.NewReplacer(`"n": 2`, `"n": 1073741824`),
		"more tries than max": strings.NewReplacer(`"tries": 3`, `"tries": 4`),
		"no firmware":         strings.NewReplacer("5.7.4", "new"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "token-5417533.json"), []byte(change.Replace(string(b))), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := virtual.OpenDrawer(dir, virtual.Options{Cost: 2}); err == nil {
				t.Error("it was accepted")
			}
		})
	}
}

func TestDrawerTouch(t *testing.T) {
	var asked []string
	d, err := virtual.OpenDrawer("", virtual.Options{Touch: func(_ context.Context, serial string) bool {
		asked = append(asked, serial)
		return true
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Add(5417533, virtual.Firmware574), d.Insert("5417533")); err != nil {
		t.Fatal(err)
	}
	token := inReader(t, d)
	if _, err := token.Enrol(t.Context(), hsmtest.Request("rehearsal-wabbit Ada")); err != nil {
		t.Fatal(err)
	}
	if _, err := token.Sign(t.Context(), hsmtest.PIN(hsmtest.GoodPIN), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"5417533"}; !reflect.DeepEqual(asked, want) {
		t.Errorf("touched %v, want %v", asked, want)
	}
}

func ExampleDrawer() {
	d, err := virtual.OpenDrawer("", virtual.Options{})
	if err != nil {
		panic(err)
	}
	_ = d.Add(5417533, virtual.Firmware574)
	_ = d.Insert("5417533")
	tokens, _ := d.Tokens(context.Background())
	info, _ := tokens[0].Info(context.Background())
	fmt.Println(info.Kind, info.Serial, info.Firmware, "virtual:", info.Virtual)
	// Output: YubiKey 5417533 5.7.4 virtual: true
}
