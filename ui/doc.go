// Package ui talks with the people at the machine: the screens of a ceremony,
// one file each, and two drivers that put them in front of a person.
//
// A flow is an ordinary function that asks a [Person] one thing after the
// other. What it shows is a [Page], which is data. [Terminal] draws pages with
// Bubble Tea; [Plain] prints them line by line, for screen readers, serial
// consoles and scripts. Both lay a page out with the same code, so both say
// the same words, and no text gets past that code with anything in it that
// steers a terminal.
//
// The package does not know the rules (package ceremony decides what is
// allowed, and in which order), nor how a card, a drive or a bundle works:
// they come in as [token.Reader], [Machine] and [Hand]. It keeps no state
// of a ceremony: which step is next is asked of the ceremony each time.
//
// # Plain mode
//
// Every page begins with a line "== Title", after it (in a rehearsal) a line
// "REHEARSAL: ...". Every prompt is one line that starts with "> " and ends
// with ": " and no newline:
//
//	> Number (1 to 3), b back, ? help, q leave:     a choice
//	> c continue, b back, ? help, q leave:          a page to be read
//	> Type: sign root 1 (b back, ? help, q leave):  exactly these words
//	> LABEL (b back, ? help, q leave):              other typed words
//	> LABEL (not shown; empty line goes back):      a PIN or a PUK
//	> Leave? Type leave, or anything else to stay:  after q
//	> Press Enter first:                            so that a PIN can be typed unseen
//
// The prompt of a page with a list behind it begins with "l list, /WORDS
// search": l prints the next entries of the list, /WORDS those that hold the
// words, and / alone more of these.
//
// A choice is a line "  1. LABEL" above the prompt; its key (see [Choice]) is
// taken as well as its number. A line that starts with "! " complains about
// the last answer; the same prompt follows. End of input means no. Once there
// is a journal, the letter n leads from every prompt but that of a PIN or a PUK
// to a note for the record, and back to the same page.
//
// # On a terminal
//
// The same titles stand in the first line below the bar. Keys that arrive in
// bursts are no typing and are refused; a key that answered one page does not
// answer the next while it is held down. Behind a page with a list / searches,
// n and N go to the next match and the one before. Ctrl-N leads to a note, as n
// does in plain mode, and also from the page of a PIN.
package ui
