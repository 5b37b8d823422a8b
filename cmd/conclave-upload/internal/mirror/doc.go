// Package mirror writes a verified set as a plain TUF repository: a directory
// that any web server serves and any TUF client reads.
//
// It does not know of registries, and verifies nothing itself: it takes what a
// client has verified.
package mirror
