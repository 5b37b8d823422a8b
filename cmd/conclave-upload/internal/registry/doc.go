// Package registry is a client of one repository in an OCI registry
// (distribution specification 1.1): manifests and blobs are read and written
// whole, retried where that is safe, and never believed before their digest
// was checked.
//
// It does not know what the manifests and blobs are for.
package registry
