package registrytest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Waits stands for the clock between two attempts: it lets no time pass, and
// notes how much of it should have.
type Waits struct {
	mu   sync.Mutex
	list []time.Duration
}

// Wait is a [registry.Wait].
func (w *Waits) Wait(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list = append(w.list, d)
	return ctx.Err()
}

// List returns the waits so far.
func (w *Waits) List() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.list)
}
