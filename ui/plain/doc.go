// Package plain prints pages line by line, for screen readers, serial consoles and
// scripts: make a [Driver] and hand it to a conversation. Lines are only ever
// appended. What is asked, and why, it does not know.
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
// A choice is a line "  1. LABEL" above the prompt; its key (see [page.Choice]) is
// taken as well as its number. A line that starts with "! " complains about
// the last answer; the same prompt follows. End of input means no. Once there
// is a journal, the letter n leads from every prompt but that of a PIN or a PUK
// to a note for the record, and back to the same page.
package plain
