// Package scard asks a card a few questions over PC/SC beside piv-go, which
// has no call for them: what GET METADATA tells of PIN, PUK and management
// key, and whether a reader holds a YubiKey at all, without taking it away
// from anyone. Connections are shared and last for one round of questions.
//
// It does not know PIV: it carries bytes.
package scard

import "fmt"

// Code is a return code of PC/SC (pcsclite.h, winscard.h).
type Code uint32

const (
	CommError         Code = 0x80100013
	UnknownReader     Code = 0x80100009
	SharingViolation  Code = 0x8010000b
	NoSmartcard       Code = 0x8010000c
	NotTransacted     Code = 0x80100016
	ReaderUnavailable Code = 0x80100017
	NoService         Code = 0x8010001d
	ServiceStopped    Code = 0x8010001e
	NoReaders         Code = 0x8010002e
	CommDataLost      Code = 0x8010002f
	UnresponsiveCard  Code = 0x80100066
	UnpoweredCard     Code = 0x80100067
	ResetCard         Code = 0x80100068
	RemovedCard       Code = 0x80100069
)

func (c Code) Error() string { return fmt.Sprintf("PC/SC error %08x", uint32(c)) }
