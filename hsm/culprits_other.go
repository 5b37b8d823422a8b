//go:build windows || (cgo && darwin)

package hsm

// culprits: elsewhere there is no file that tells.
func culprits() []string { return nil }
