package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/cmd/conclave/internal/drill"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/ui"
)

func rehearseCommand() *cobra.Command {
	s := session{rehearsal: true}
	var tokens, practise string
	var touch time.Duration
	var accident drill.Drill
	c := &cobra.Command{
		Use:   "rehearse",
		Short: "Hold a rehearsal on virtual tokens",
		Long: `Rehearse is the ceremony with virtual tokens, which lie in a drawer and are put
into the reader on the screen. The trust is called rehearsal-..., every screen
says REHEARSAL, and no key of it can get into a real trust: anybody can make a
virtual token's key from its serial number. Do not type the PIN of a real token.

Two sites can be rehearsed on one machine: give each a workspace of its own, and
both the same drawer. Without --place a directory in the workspace plays the
stick, with a plan to begin with. With --tokens pcsc the tokens are those of a
card service that virtual cards were put into.

With --drill an accident has happened to a trust that was founded for it, and you
are to put it right; "--drill list" lists them. At the end it is said what was
achieved. A drill that was left goes on where it was, in the same workspace; to
do it again take another one. Exit code 0: achieved. 4: not yet.`,
		Example: `  conclave rehearse
  conclave rehearse --workspace oslo --tokens drawer --place stick
  conclave rehearse --drill lost-token --workspace /tmp/drill`,
		// Which workspace it is decides where the walls stand.
		Args: func(c *cobra.Command, args []string) (err error) {
			switch practise {
			case "":
			case drillList:
				s.workspace = ""
			default:
				if accident, err = drill.Find(practise); err == nil && !c.Flags().Changed("workspace") {
					s.workspace = stateDir("drill-" + practise)
				}
			}
			return cmp.Or(err, cobra.NoArgs(c, args))
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if practise == drillList {
				return listDrills(c.OutOrStdout())
			}
			if practise != "" {
				return s.drill(c, accident, tokens, touch)
			}
			if len(s.places) == 0 {
				stick, err := sampleStick(c.Context(), s.workspace)
				if err != nil {
					return err
				}
				s.places = []string{stick}
			}
			if tokens == "pcsc" {
				s.reader = hsm.NewReader()
				return s.run(c)
			}
			if tokens == "" {
				tokens = filepath.Join(s.workspace, "drawer")
			}
			drawer, err := openDrawer(tokens, touch)
			if err != nil {
				return err
			}
			s.reader, s.hand = drawer, hand{drawer}
			return s.run(c)
		},
	}
	s.flags(c, "rehearsal")
	c.Flags().StringVar(&tokens, "tokens", "", `the drawer with the virtual tokens: a directory, or "pcsc" (default: in the workspace)`)
	c.Flags().StringVar(&practise, "drill", "", `an accident to practise; "list" lists them`)
	c.Flags().DurationVar(&touch, "touch-after", time.Second, "how long a virtual token blinks before it is touched")
	return c
}

// drawerTokens are in a new drawer: five for the holders of the sample plan,
// and a spare.
const (
	firstSerial  = 5417501
	drawerTokens = 6
	firmware     = "5.7.4"
)

// openDrawer opens the drawer in dir, and fills a new one.
func openDrawer(dir string, touch time.Duration) (*virtual.Drawer, error) {
	finger := func(ctx context.Context, _ string) bool { return touchAfter(ctx, touch) }
	d, err := virtual.OpenDrawer(dir, virtual.Options{Touch: finger})
	if err != nil {
		return nil, fmt.Errorf("the drawer of virtual tokens: %w", err)
	}
	all, err := d.All()
	if err != nil || len(all) > 0 {
		return d, err
	}
	for i := range drawerTokens {
		if err := d.Add(uint32(firstSerial+i), firmware); err != nil {
			return nil, fmt.Errorf("the drawer of virtual tokens: %w", err)
		}
	}
	return d, nil
}

// touchAfter touches a virtual token after a while, unless ctx ends before.
func touchAfter(ctx context.Context, after time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(after):
		return true
	}
}

// hand moves tokens between the drawer and the reader.
type hand struct{ drawer *virtual.Drawer }

func (h hand) Tokens() []ui.VirtualToken {
	all, err := h.drawer.All()
	if err != nil {
		return nil // what is in reach is asked again before anything is done with it
	}
	tokens := make([]ui.VirtualToken, len(all))
	for i, t := range all {
		tokens[i] = ui.VirtualToken{Serial: t.Serial, InReader: t.Reader != ""}
	}
	return tokens
}

// Insert puts one token into the reader, which has room for one.
func (h hand) Insert(serial string) error {
	var errs []error
	for _, t := range h.Tokens() {
		if t.InReader && t.Serial != serial {
			errs = append(errs, h.drawer.Remove(t.Serial))
		}
	}
	return errors.Join(append(errs, h.drawer.Insert(serial))...)
}

func (h hand) Remove(serial string) error { return h.drawer.Remove(serial) }
