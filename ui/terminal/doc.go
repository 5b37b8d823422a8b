// Package terminal draws pages on a terminal, with Bubble Tea: make a [Driver] and
// call [Driver.Run] with a conversation. It restores the terminal however that
// ends. What is asked, and why, it does not know.
//
// The title of a page stands in the first line below the bar. Keys that arrive in
// bursts are no typing and are refused; a key that answered one page does not
// answer the next while it is held down. Behind a page with a list / searches,
// n and N go to the next match and the one before. Ctrl-N leads to a note, as n
// does in plain mode, and also from the page of a PIN.
package terminal
