//go:build !linux

package main

import "os"

// dropInput does nothing here: what was typed ahead is read by the next question.
func dropInput(*os.File) {}
