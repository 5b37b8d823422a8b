package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/conclave-tuf/conclave/bundles"
	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/offline"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// session is one sitting at the machine.
type session struct {
	workspace string
	places    []string
	modules   []string // PKCS#11
	plain     bool
	rehearsal bool
	reader    token.Reader
	hand      ui.Hand
	hold      func(context.Context, ui.Config) error // the conversation; nil: that of a ceremony
}

func (s *session) flags(c *cobra.Command, name string) {
	c.Flags().StringVar(&s.workspace, "workspace", stateDir(name), "the directory that holds the journal of the ceremony")
	c.Flags().StringArrayVar(&s.places, "place", nil, "a directory for plans and bundles, beside removable drives (repeatable; default: the current one)")
	c.Flags().BoolVar(&s.plain, "plain", false, "append-only lines, for screen readers and serial consoles (the default where the output is no terminal)")
}

// stateDir is where a program keeps what it must find again (XDG base
// directory specification, "state").
func stateDir(name string) string {
	base := os.Getenv("XDG_STATE_HOME")
	if home, err := os.UserHomeDir(); base == "" && err == nil {
		base = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(base, "conclave", name)
}

// ceremony holds a real ceremony, with real tokens.
func (s *session) ceremony(c *cobra.Command) error {
	s.reader = readerFor(s.modules)
	return s.run(c)
}

// run opens the workspace, and leads the people through.
func (s *session) run(c *cobra.Command) (err error) {
	if len(s.places) == 0 {
		s.places = []string{"."}
	}
	w, err := offline.OpenWorkspace(s.workspace)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	found := s.found(c.Context(), w)
	held, err := ceremony.Open(ceremony.Deps{
		Workspace:    w,
		Now:          time.Now,
		Rand:         rand.Reader,
		Attestations: hsm.Checker{},
		Tool:         "conclave " + version,
		Built:        built(),
	})
	if err != nil {
		return fmt.Errorf("the workspace %s: %w", w.Dir(), err)
	}
	config := ui.Config{
		Ceremony:  held,
		Reader:    s.reader,
		Machine:   &machine{places: s.places, reader: s.reader},
		Hand:      s.hand,
		Now:       time.Now,
		Rand:      rand.Reader,
		Rehearsal: s.rehearsal,
		Poll:      500 * time.Millisecond,
		Found:     found,
	}
	err = s.drive(c, config)
	if errors.Is(err, page.ErrQuit) {
		return context.Canceled
	}
	return err
}

// found says what the end of an earlier run left, and sweeps away what is nobody's.
func (s *session) found(ctx context.Context, w *offline.Workspace) []string {
	var found []string
	if torn := w.Torn(); torn != (journal.Torn{}) {
		found = append(found, torn.String())
	}
	swept := w.Swept()
	if places, err := (&machine{places: s.places}).Places(ctx); err == nil {
		for _, p := range places {
			swept = append(swept, offline.Sweep(p.Path, bundles.IsName)...)
		}
	}
	if n := len(swept); n > 0 {
		const most = 5
		names := strings.Join(swept[:min(n, most)], ", ")
		if n > most {
			names += fmt.Sprintf(", and %d more", n-most)
		}
		found = append(found, "Removed was what the program had not written to its end when it was stopped: "+names+". Nothing of it is needed, and there is nothing to do.")
	}
	return found
}

// drive holds the conversation.
func (s *session) drive(c *cobra.Command, config ui.Config) error {
	hold := s.hold
	if hold == nil {
		hold = ui.Run
	}
	return converse(c, s.plain, s.rehearsal, func(ctx context.Context, p page.Person) error {
		config.Person = p
		return hold(ctx, config)
	})
}
