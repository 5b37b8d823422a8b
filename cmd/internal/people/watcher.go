package people

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// Watcher is somebody who watches. Every page is new to them once: the second
// of five enrolments may go by quickly.
type Watcher struct{ seen map[string]bool }

const (
	firstTime = 500 * time.Millisecond
	nextTimes = 40 * time.Millisecond
)

// look gives the watcher time with a page. A nil Watcher needs none.
func (w *Watcher) look(ctx context.Context, title string) {
	if w == nil {
		return
	}
	kind := kindOf(title)
	if w.seen[kind] {
		pause(ctx, nextTimes)
		return
	}
	if w.seen == nil {
		w.seen = map[string]bool{}
	}
	w.seen[kind] = true
	pause(ctx, firstTime)
}

// kindOf is a title without the names and numbers of whom it is about.
func kindOf(title string) string {
	title = regexp.MustCompile(`[0-9]+`).ReplaceAllString(title, "#")
	for _, h := range Holders() {
		title = strings.ReplaceAll(title, h.Name+" ", "# ")
		title = strings.ReplaceAll(title, h.Name+"'s", "#'s")
		title = strings.ReplaceAll(title, h.Name+":", "#:")
		title = strings.ReplaceAll(title, "("+h.Name+")", "(#)")
	}
	return title
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
