//go:build race

package metadata_test

// slowdown is what the race detector costs, at worst.
const slowdown = 20
