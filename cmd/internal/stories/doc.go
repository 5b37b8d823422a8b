// Package stories plays whole ceremonies and what comes after them, as scripts
// that read like a day's programme: people hold a ceremony with the built
// offline program, the bundle travels on a stick, the built uploader publishes
// it to a real registry, and clients that nobody here wrote, who have followed
// from root 1 through everything before, say whether they accept it.
//
// The stories are in testdata/script. The package knows the two programs by
// what they print and ask for, and nothing of how they work inside. Hostile bundles
// are made by the tests themselves.
package stories
