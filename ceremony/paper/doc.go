// Package paper is a document for people: to be read, printed, and written on with
// a pen. Fill a [Paper] with blocks, then call [Paper.Markdown] or [Paper.HTML].
//
// It does not know what the document says. Its text may come from strangers:
// nothing of it becomes anything but text.
package paper
