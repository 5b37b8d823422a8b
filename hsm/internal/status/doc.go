// Package status has the status words with which a card ends its answers
// (ISO/IEC 7816-4, 5.1.3; SP 800-73-4 part 2). A [Word] other than OK is an error,
// and [Word.Tries] tells how many tries a refused PIN or PUK has left.
//
// It does not know what was asked, nor what a person is told of it.
package status
