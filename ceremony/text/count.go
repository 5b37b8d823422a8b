package text

import (
	"fmt"
	"slices"
	"time"
)

// Count says how many things there are: "1 key", "2 keys".
func Count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Stamp is a time as people read it: in UTC, to the second, without saying so.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

// Days is how many whole days a period has; negative for one that is over.
func Days(d time.Duration) int { return int(d / (24 * time.Hour)) }

// SafeAll is Safe for each of several texts.
func SafeAll(texts []string) []string {
	safe := slices.Clone(texts)
	for i := range safe {
		safe[i] = Safe(safe[i])
	}
	return safe
}
