// Package registrytest starts real registries for tests, and puts before them
// what stands before registries in the world: TLS and tokens, newer features,
// faults. The newer features are held against the conformance program of the
// OCI distribution specification. It does not know what is put into them.
package registrytest
