// Package onlinekey makes and opens the keys that sign snapshot and timestamp
// on the online machine: PKCS#8 encrypted under a passphrase with scrypt, in
// PEM; a key behind a command, for a KMS or a vault; a key on a token.
//
// It does not know which roles a key may sign for, where a passphrase or a PIN
// comes from, or what it signs.
package onlinekey
