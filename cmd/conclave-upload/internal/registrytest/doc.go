// Package registrytest starts real registries for tests. It does not know what
// is put into them.
package registrytest
