// Package page is what a screen says, as data: a [Page] has blocks, a [Person] is
// who answers it. A driver lays it out with a [Typeface], so that all of them say
// the same words, and no text gets past it with anything in it that steers a
// terminal.
//
// It knows no driver and no conversation, and of a ceremony only the words that
// its blocks show.
package page
