// Package ui talks with the people at the machine: the conversations of a
// ceremony, one file each. Call [Run] with a ceremony and a [page.Person].
//
// A conversation is an ordinary function that asks the person one thing after the
// other. What it shows is a [page.Page], which is data; package terminal draws it
// with Bubble Tea, package plain prints it line by line. [Explain] finds the words
// for every error.
//
// The package does not know the rules (package ceremony decides what is allowed,
// and in which order), nor how a page is drawn, nor how a card, a drive or a bundle
// works: they come in as [token.Reader], [Machine] and [Hand]. It keeps no state of
// a ceremony: which step is next is asked of the ceremony each time.
package ui
