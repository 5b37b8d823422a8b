// Package untmux keeps a dependency from starting a program. Lip Gloss looks at
// the standard output while packages are initialised, before main could close
// anything, and inside tmux it does so by running whatever is called tmux in
// PATH. It does that only where TMUX is set, so this package, which needs
// nothing that Lip Gloss needs and so is initialised before it, unsets it.
// TestNoProgramIsAsked holds that against the built program.
package untmux

import "os"

// Err is why TMUX could not be unset.
var Err = os.Unsetenv("TMUX")
