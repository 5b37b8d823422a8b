// Package event says what a journal's lines mean: one type for each thing that
// can happen. [Read] turns a line into one, strictly; [In] finds those of one kind.
//
// What an event changes is package ceremony's to know, and what people are told
// of it package record's. Its JSON is what journals hold: a field may be added,
// and none may be renamed.
package event
