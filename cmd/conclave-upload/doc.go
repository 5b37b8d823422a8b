// Command conclave-upload is the online half of Conclave: it signs snapshot and
// timestamp for what a ceremony has signed, publishes the set to an OCI
// registry, and verifies and mirrors what is there.
//
// This package wires: one file for each subcommand, exit codes in one place.
// It does not know how a registry is spoken to or in what order things are
// published: that, and all network code, is in the packages under internal.
package main
