//go:build !race

package bundles

// slowdown allows for a machine that does other things as well.
const slowdown = 4
