// Package mirror writes a verified set as a plain TUF repository, a directory
// that any web server serves and any TUF client reads; and reads such a
// directory, whoever has published it.
//
// It does not know of registries, and verifies nothing itself: it takes what a
// client has verified, and what it reads has yet to be.
package mirror
