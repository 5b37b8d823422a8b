package hsm_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// broken is a reader that finds nothing, and says why.
type broken struct{ err error }

func (b broken) Tokens(context.Context) ([]token.Token, error) { return nil, b.err }

func drawer(t *testing.T, serials ...uint32) *virtual.Drawer {
	t.Helper()
	d, err := virtual.OpenDrawer("", virtual.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range serials {
		if err := d.Add(s, virtual.Firmware574); err != nil {
			t.Fatal(err)
		}
	}
	all, err := d.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, info := range all {
		if err := d.Insert(info.Serial); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func TestReaders(t *testing.T) {
	busy, none := &token.BusyError{By: []string{"scdaemon"}}, token.ErrNoCardSupport
	for name, c := range map[string]struct {
		readers []token.Reader
		serials []string
		errs    []error
	}{
		"none":                  {nil, nil, nil},
		"empty":                 {[]token.Reader{drawer(t), drawer(t)}, nil, nil},
		"sorted by serial":      {[]token.Reader{drawer(t, 10000001, 1002), drawer(t, 9000000)}, []string{"1002", "9000000", "10000001"}, nil},
		"one is broken":         {[]token.Reader{broken{busy}, drawer(t, 1001)}, []string{"1001"}, nil},
		"the other is broken":   {[]token.Reader{drawer(t, 1001), broken{busy}}, []string{"1001"}, nil},
		"one broken, one empty": {[]token.Reader{drawer(t), broken{busy}}, nil, []error{busy}},
		"all are broken":        {[]token.Reader{broken{none}, broken{busy}}, nil, []error{none, busy}},
	} {
		t.Run(name, func(t *testing.T) {
			tokens, err := hsm.Readers(c.readers...).Tokens(t.Context())
			if (err != nil) != (len(c.errs) > 0) {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.errs {
				if !errors.Is(err, want) {
					t.Errorf("got %v, without %v", err, want)
				}
			}
			var serials []string
			for _, k := range tokens {
				info, err := k.Info(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				serials = append(serials, info.Serial)
			}
			if !slices.Equal(serials, c.serials) {
				t.Errorf("got %v, want %v", serials, c.serials)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := hsm.Readers(drawer(t, 1001), broken{busy}).Tokens(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
