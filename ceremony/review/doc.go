// Package review says in words what a payload does, before and after, so that
// two payloads that differ never read alike. Begin with a [View] and call
// [View.Changes], or [View.BinChanges] for hash bins; [Warnings] are what a hurried
// reader would miss.
//
// It does not know whose turn it is or how a line is drawn. The time and what is
// known of tokens come in with the view.
package review
