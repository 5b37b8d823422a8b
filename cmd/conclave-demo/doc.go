// Conclave-demo plays the whole job, from nothing to a verified image: two
// sites found a trust on virtual tokens with the built program, the bundle
// travels in a directory that plays the stick, the uploader publishes it to a
// real registry in this process, and clients that nobody here wrote verify an
// image through it.
//
// It uses the programs as people do: it reads their screens and types. It does
// not know how they work inside.
package main
