package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/hsm/virtual/pcscd"
	"github.com/conclave-tuf/conclave/hsm/virtual/vpcd"
)

// cards is a reader behind a card service of the demo's own, and the drawer
// whose tokens are put into it.
type cards struct {
	ctx     context.Context
	service *pcscd.Service
	drawer  *virtual.Drawer

	inserted string // the serial in the reader; "" for none
	take     func() error
}

// startCards starts the service. It returns a *pcscd.MissingError where the
// machine has none.
func (d *demo) startCards(ctx context.Context) (*cards, error) {
	dir, err := d.mkdir("pcscd")
	if err != nil {
		return nil, err
	}
	service, err := pcscd.Start(ctx, dir, 1, io.Discard)
	if err != nil {
		return nil, err
	}
	drawer, err := virtual.OpenDrawer(d.drawer(), virtual.Options{Touch: touched})
	if err != nil {
		return nil, errors.Join(err, service.Stop())
	}
	return &cards{ctx: ctx, service: service, drawer: drawer}, nil
}

// touched is somebody who touches a token half a second after it blinks.
func touched(ctx context.Context, _ string) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(500 * time.Millisecond):
		return true
	}
}

// insert puts a token into the reader, instead of the one that is in it.
func (c *cards) insert(serial string) error {
	if c.inserted == serial {
		return nil // the program has not looked yet
	}
	if err := c.remove(); err != nil {
		return err
	}
	card := c.drawer.Card(serial)
	if card == nil {
		return fmt.Errorf("token %s is not in the drawer", serial)
	}
	ctx, cancel := context.WithCancel(c.ctx)
	served := make(chan error, 1)
	go func() {
		served <- vpcd.Serve(ctx, c.service.Readers[0].Address, &virtual.Applet{Card: card})
	}()
	c.inserted, c.take = serial, func() error {
		cancel()
		return <-served
	}
	return nil
}

func (c *cards) remove() error {
	if c.inserted == "" {
		return nil
	}
	c.inserted = ""
	return c.take()
}

func (c *cards) stop() error { return errors.Join(c.remove(), c.service.Stop()) }
