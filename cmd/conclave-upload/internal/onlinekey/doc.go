// Package onlinekey makes and opens the keys that sign snapshot and timestamp
// on the online machine: PKCS#8, encrypted under a passphrase with scrypt, in
// PEM.
//
// It does not know which roles a key may sign for, where a passphrase comes
// from, or what it signs.
package onlinekey
