//go:build linux && cgo

package hsm_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/internal/hsmtest"
	"github.com/conclave-tuf/conclave/hsm/virtual"
)

// station is shared by all tests, with two readers.
var station hsmtest.Station

func TestMain(m *testing.M) { os.Exit(station.Main(m, 2)) }

// seat is a card in a reader of the station.
type seat struct {
	*hsm.Token
	reader *hsm.Reader
	pull   func() // returns once PC/SC knows
}

// insert puts a card into reader number n, and returns once PC/SC knows.
func insert(t testing.TB, n int, a *virtual.Applet) *seat {
	t.Helper()
	pull := station.Insert(t, n, a)
	s := &seat{reader: hsm.NewReader()}
	hsmtest.Await(t, "the token to be in its reader", func() bool {
		s.Token = find(t, s.reader, a.Card.Serial())
		return s.Token != nil
	})
	s.pull = func() {
		pull()
		hsmtest.Await(t, "the token to be out of its reader", func() bool { return find(t, s.reader, a.Card.Serial()) == nil })
	}
	t.Cleanup(s.pull)
	return s
}

// find looks for a token by its serial, nil where it isn't there.
func find(t testing.TB, r *hsm.Reader, serial string) *hsm.Token {
	t.Helper()
	tokens, err := r.Tokens(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(tokens, func(k token.Token) bool {
		info, err := k.Info(context.Background())
		return err == nil && info.Serial == serial
	})
	if i < 0 {
		return nil
	}
	return tokens[i].(*hsm.Token)
}
