package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/cmd/conclave/internal/drill"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/offline"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

const drillList = "list"

// listDrills prints which accidents can be practised.
func listDrills(w io.Writer) error {
	p := &printer{w: w}
	for _, d := range drill.All() {
		p.line("%-22s  %s", d.Name, d.Title)
	}
	return p.err
}

// drill has an accident happen, and the people deal with it.
func (s *session) drill(c *cobra.Command, d drill.Drill, drawer string, touch time.Duration) error {
	if drawer == "pcsc" {
		return &cli.UsageError{Err: errors.New("a drill has a drawer of its own: --tokens takes a directory")}
	}
	if drawer == "" {
		drawer = filepath.Join(s.workspace, "drawer")
	}
	if err := s.prepareDrill(c.Context(), d, drawer); err != nil {
		return err
	}
	tokens, err := openDrawer(drawer, touch)
	if err != nil {
		return err
	}
	s.reader, s.hand = tokens, hand{tokens}
	return s.runDrill(c, d, tokens)
}

// prepareDrill makes the workspace of a drill, and its stick and drawer in it.
func (s *session) prepareDrill(ctx context.Context, d drill.Drill, drawer string) (err error) {
	stick := filepath.Join(s.workspace, "stick")
	if len(s.places) == 0 {
		s.places = []string{stick}
	} else {
		stick = s.places[0]
	}
	w, err := offline.OpenWorkspace(s.workspace)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(stick, 0o700); err != nil {
		return errors.Join(err, w.Close())
	}
	err = d.Prepare(ctx, drill.Set{Workspace: w, Stick: stick, Drawer: drawer, Now: time.Now, Tool: "conclave " + version})
	return errors.Join(err, w.Close())
}

// runDrill holds the drill, and says in the end what was achieved.
func (s *session) runDrill(c *cobra.Command, d drill.Drill, drawer *virtual.Drawer) error {
	s.hold = func(ctx context.Context, config ui.Config) error {
		return ui.RunDrill(ctx, config, ui.Drill{
			Title: d.Title, Happened: d.Happened, Achieve: d.Achieve, Known: known(d),
			Judge: func() ([]token.Check, error) {
				return d.Judge(drill.End{Ceremony: config.Ceremony, Drawer: drawer, Now: time.Now()})
			},
		})
	}
	err := s.run(c)
	if errors.Is(err, ui.ErrDrillOpen) {
		return &cli.OpenError{Err: &verdictError{fmt.Sprintf("%v: %s goes on where it was left", err, d.Name), "Give the command again, with the same workspace."}}
	}
	return err
}

// known is what the people of a drill type, and have on paper.
func known(d drill.Drill) page.Facts {
	var facts page.Facts
	for _, p := range drill.People() {
		text := fmt.Sprintf("token %s, PIN %s", p.Serial, p.PIN)
		if d.Lost(p.Name) {
			text = fmt.Sprintf("token %s, which is nowhere", p.Serial)
		}
		facts = append(facts, page.Fact{Label: p.Name, Value: text})
	}
	for _, p := range d.Papers {
		facts = append(facts, page.Fact{Label: p.What, Value: p.Text})
	}
	return facts
}
