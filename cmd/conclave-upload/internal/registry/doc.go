// Package registry is a client of one repository in an OCI registry
// (distribution specification 1.1): manifests are read and written
// whole, blobs whole or as a stream; requests are repeated where that is safe,
// and nothing is believed before its digest was checked.
//
// It does not know what the manifests and blobs are for.
package registry
