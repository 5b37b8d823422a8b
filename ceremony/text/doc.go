// Package text makes text that a person decides on: [Safe] shows what would
// steer a terminal, reorder text or hide, [Words] spells a digest so that it can
// be read aloud, [CheckName] keeps names from being mistaken for others.
//
// It does not know what the text says, who reads it, or on what.
package text
