package ui_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// paperKeeper writes a PUK down, and types it in small letters or not at all.
type paperKeeper struct {
	page.Person
	shown, typed []byte
	leaves       bool
}

func (k *paperKeeper) Tell(_ context.Context, p page.Page) error {
	for _, block := range p.Body {
		if secret, ok := block.(page.Secret); ok {
			k.shown = secret
		}
	}
	return nil
}

func (k *paperKeeper) Secret(_ context.Context, _ page.Page, f page.Field) (token.PIN, error) {
	if k.leaves {
		return token.PIN{}, page.ErrQuit
	}
	k.typed = bytes.ToLower(k.shown)
	return token.NewPIN(k.typed), f.Check(k.typed)
}

// TestOnePUK: of a PUK that was made there is one copy in the end, which the
// caller wipes, and none where nothing comes of it.
func TestOnePUK(t *testing.T) {
	k := &paperKeeper{}
	puk, err := ui.Secrets{Person: k}.NewPUK(t.Context(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	none := make([]byte, puk.Len())
	if bytes.Equal(puk.Bytes(), none) || &puk.Bytes()[0] != &k.shown[0] {
		t.Error("the PUK on the page is another copy than the one that is used")
	}
	if !bytes.Equal(k.typed, none) {
		t.Error("what was typed was not wiped")
	}
	k = &paperKeeper{leaves: true}
	if _, err := (ui.Secrets{Person: k}).NewPUK(t.Context(), rand.Reader); !errors.Is(err, page.ErrQuit) || !bytes.Equal(k.shown, none) {
		t.Errorf("who leaves leaves %q, %v", k.shown, err)
	}
}
