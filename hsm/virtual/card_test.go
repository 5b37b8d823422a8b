package virtual_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/internal/provision"
	"github.com/conclave-tuf/conclave/hsm/internal/status"
	"github.com/conclave-tuf/conclave/hsm/internal/wire"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

func newCard(t testing.TB, c virtual.Config) *virtual.Card {
	t.Helper()
	if c.Serial == 0 {
		c.Serial = 5417533
	}
	if c.Firmware == "" {
		c.Firmware = virtual.Firmware574
	}
	card, err := virtual.NewCard(c)
	if err != nil {
		t.Fatal(err)
	}
	return card
}

// generate makes a key on a card with the factory's management key.
func generate(t testing.TB, c *virtual.Card, a wire.Algorithm, p wire.PINPolicy, touch wire.TouchPolicy) crypto.PublicKey {
	t.Helper()
	if err := c.AuthenticateManagement(provision.FactoryManagementKey()); err != nil {
		t.Fatal(err)
	}
	pub, err := c.Generate(wire.Signature, a, p, touch)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

func verifyPIN(t testing.TB, c *virtual.Card) {
	t.Helper()
	if err := c.VerifyPIN([]byte(provision.FactoryPIN)); err != nil {
		t.Fatal(err)
	}
}

func TestEveryAlgorithmSigns(t *testing.T) {
	message := []byte("message")
	d256, d384 := sha256.Sum256(message), sha512.Sum384(message)
	for a, verify := range map[wire.Algorithm]func(crypto.PublicKey, *virtual.Card) bool{
		wire.P256: func(pub crypto.PublicKey, c *virtual.Card) bool {
			sig, err := c.Sign(t.Context(), wire.Signature, wire.P256, d256[:])
			return err == nil && ecdsa.VerifyASN1(pub.(*ecdsa.PublicKey), d256[:], sig)
		},
		wire.P384: func(pub crypto.PublicKey, c *virtual.Card) bool {
			sig, err := c.Sign(t.Context(), wire.Signature, wire.P384, d384[:])
			return err == nil && ecdsa.VerifyASN1(pub.(*ecdsa.PublicKey), d384[:], sig)
		},
		wire.Ed25519: func(pub crypto.PublicKey, c *virtual.Card) bool {
			sig, err := c.Sign(t.Context(), wire.Signature, wire.Ed25519, message)
			return err == nil && ed25519.Verify(pub.(ed25519.PublicKey), message, sig)
		},
		wire.RSA2048: func(pub crypto.PublicKey, c *virtual.Card) bool {
			k := pub.(*rsa.PublicKey)
			prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
			block := append([]byte{0, 1}, make([]byte, k.Size()-3-len(prefix)-len(d256))...)
			for i := 2; i < len(block); i++ {
				block[i] = 0xff
			}
			block = append(append(append(block, 0), prefix...), d256[:]...)
			sig, err := c.Sign(t.Context(), wire.Signature, wire.RSA2048, block)
			return err == nil && rsa.VerifyPKCS1v15(k, crypto.SHA256, d256[:], sig) == nil
		},
	} {
		c := newCard(t, virtual.Config{})
		pub := generate(t, c, a, wire.PINAlways, wire.TouchAlways)
		verifyPIN(t, c)
		if !verify(pub, c) {
			t.Errorf("algorithm %02x: no valid signature", byte(a))
		}
		leaf, err := c.Attest(wire.Signature)
		if err != nil || !pub.(interface{ Equal(crypto.PublicKey) bool }).Equal(leaf.PublicKey) {
			t.Errorf("algorithm %02x: attested %v, %v", byte(a), leaf, err)
		}
	}
}

func TestFirmwareDecidesAboutAlgorithms(t *testing.T) {
	c := newCard(t, virtual.Config{Firmware: virtual.Firmware543})
	if err := c.AuthenticateManagement(provision.FactoryManagementKey()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Generate(wire.Signature, wire.Ed25519, 0, 0); !errors.Is(err, status.WrongData) {
		t.Errorf("Ed25519 on 5.4.3: %v", err)
	}
	old := newCard(t, virtual.Config{Firmware: virtual.Firmware52})
	if err := old.AuthenticateManagement(provision.FactoryManagementKey()); err != nil {
		t.Fatal(err)
	}
	if err := old.SetManagementKey(wire.AES192, make([]byte, 24), wire.TouchNever); !errors.Is(err, status.WrongData) {
		t.Errorf("an AES management key on 5.2: %v", err)
	}
}

func TestPINPolicies(t *testing.T) {
	digest := make([]byte, 32)
	sign := func(c *virtual.Card) error {
		_, err := c.Sign(t.Context(), wire.Signature, wire.P256, digest)
		return err
	}
	for policy, want := range map[wire.PINPolicy][3]bool{ // signs: without a PIN, after it, once more
		wire.PINNever:   {true, true, true},
		wire.PINOnce:    {false, true, true},
		wire.PINAlways:  {false, true, false},
		wire.PINDefault: {false, true, false},
	} {
		c := newCard(t, virtual.Config{})
		generate(t, c, wire.P256, policy, wire.TouchNever)
		got := [3]bool{sign(c) == nil}
		verifyPIN(t, c)
		got[1], got[2] = sign(c) == nil, sign(c) == nil
		if got != want {
			t.Errorf("policy %d: got %v, want %v", policy, got, want)
		}
	}
}

func TestTouchPolicies(t *testing.T) {
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	for policy, want := range map[wire.TouchPolicy][3]int{ // touches: first, 14 s later, 15 s after that
		wire.TouchNever:  {0, 0, 0},
		wire.TouchAlways: {1, 1, 1},
		wire.TouchCached: {1, 0, 1},
	} {
		touches := 0
		clock := now
		c := newCard(t, virtual.Config{
			Touch: func(context.Context) bool { touches++; return true },
			Now:   func() time.Time { return clock },
		})
		generate(t, c, wire.P256, wire.PINNever, policy)
		var got [3]int
		for i, wait := range []time.Duration{0, 14 * time.Second, 15 * time.Second} {
			clock = clock.Add(wait)
			touches = 0
			if _, err := c.Sign(t.Context(), wire.Signature, wire.P256, make([]byte, 32)); err != nil {
				t.Fatal(err)
			}
			got[i] = touches
		}
		if got != want {
			t.Errorf("policy %d: got %v, want %v", policy, got, want)
		}
	}
}

// A card that loses power while it waits for a touch has not signed.
func TestPulledDuringTouch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := newCard(t, virtual.Config{Touch: func(ctx context.Context) bool {
		cancel()
		<-ctx.Done()
		return false
	}})
	generate(t, c, wire.P256, wire.PINNever, wire.TouchAlways)
	if _, err := c.Sign(ctx, wire.Signature, wire.P256, make([]byte, 32)); !errors.Is(err, virtual.ErrRemoved) {
		t.Errorf("got %v", err)
	}
}

func TestResetForgetsKeys(t *testing.T) {
	c := newCard(t, virtual.Config{})
	before := generate(t, c, wire.P256, 0, 0).(*ecdsa.PublicKey)
	if err := c.Reset(); !errors.Is(err, status.ConditionsNotMet) {
		t.Fatalf("with tries left: %v", err)
	}
	for range 3 {
		_ = c.VerifyPIN([]byte("000000"))
		_ = c.ChangePUK([]byte("000000"), []byte("000000"))
	}
	if err := c.Reset(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.KeyInfo(wire.Signature); !errors.Is(err, status.ReferenceNotFound) {
		t.Errorf("the key is still there: %v", err)
	}
	if after := generate(t, c, wire.P256, 0, 0); before.Equal(after) {
		t.Error("the same key was made again")
	}
}

func TestSetRetries(t *testing.T) {
	c := newCard(t, virtual.Config{})
	if err := c.SetRetries(5, 4); !errors.Is(err, status.SecurityNotSatisfied) {
		t.Errorf("without PIN and management key: %v", err)
	}
	if err := c.ChangePIN([]byte(provision.FactoryPIN), []byte("718293")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.VerifyPIN([]byte("718293")), c.AuthenticateManagement(provision.FactoryManagementKey()), c.SetRetries(5, 4)); err != nil {
		t.Fatal(err)
	}
	if got, want := c.PINInfo(), (virtual.CredentialInfo{Factory: true, Most: 5, Tries: 5}); got != want {
		t.Errorf("PIN: %+v", got)
	}
	if got, want := c.PUKInfo(), (virtual.CredentialInfo{Factory: true, Most: 4, Tries: 4}); got != want {
		t.Errorf("PUK: %+v", got)
	}
}

func TestImportedKeyIsNotAttested(t *testing.T) {
	c := newCard(t, virtual.Config{})
	hsmtest.ImportKey(t, c)
	if info, err := c.KeyInfo(wire.Signature); err != nil || !info.Imported {
		t.Errorf("got %+v, %v", info, err)
	}
	if _, err := c.Attest(wire.Signature); !errors.Is(err, status.WrongData) {
		t.Errorf("attested: %v", err)
	}
}

// What is derived is part of the format: stored tokens and the attestations of
// old rehearsals depend on it.
func TestDerivedBytesStay(t *testing.T) {
	ca, err := virtual.RehearsalCA()
	if err != nil {
		t.Fatal(err)
	}
	again, err := virtual.RehearsalCA()
	if err != nil || !ca.Equal(again) {
		t.Fatalf("the CA's certificate differs from call to call: %v", err)
	}
	c := newCard(t, virtual.Config{})
	generate(t, c, wire.P256, wire.PINAlways, wire.TouchAlways)
	leaf, err := c.Attest(wire.Signature)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]struct {
		der  []byte
		want string
	}{
		"CA":          {ca.Raw, wantCA},
		"attestation": {leaf.Raw, wantLeaf},
	} {
		if got := hexSum(f.der); got != f.want {
			t.Errorf("%s: SHA-256 is %s, was %s", name, got, f.want)
		}
	}
}

const (
	wantCA   = "20a17116eedbe1ea3824bab658e1590013bbe443f19fd4a70de35e289c1583d9"
	wantLeaf = "2ba3b600422a5d2f9cabda748b3e1ef20114f1185ba4c128be8513c0b661672a"
)
