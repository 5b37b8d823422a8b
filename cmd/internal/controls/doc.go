// Package controls reads the table of what is promised, ceremony/CONTROLS.md,
// and holds it against what "go test -json" says of the tests that it names.
//
// It knows nothing of what the tests do.
package controls
