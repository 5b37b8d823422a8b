//go:build race

package bundles

// slowdown is what the race detector costs.
const slowdown = 20
