//go:build race

package metadata_test

// raced is whether the race detector runs.
const raced = true
