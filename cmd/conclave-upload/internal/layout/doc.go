// Package layout is an OCI image layout (image specification 1.1, "Image
// Layout") in a directory, used as a repository: the same set can be published
// to it, and read from it, as to and from a registry.
//
// It does not know what the manifests and blobs are for, and makes no use of
// whatever else lies in the directory.
package layout
