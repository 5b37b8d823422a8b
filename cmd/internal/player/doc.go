// Package player sits at a program as a person would: it reads what the
// program shows, on a terminal or as lines, and types. The demo and the tests
// use it to hold a ceremony with the built program.
//
// It does not know what a ceremony is: what to answer is the caller's.
package player
