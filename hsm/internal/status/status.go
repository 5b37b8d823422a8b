package status

import "fmt"

// Word is the status word that ends an answer (ISO/IEC 7816-4, 5.1.3;
// SP 800-73-4 part 2, 3). Any but OK is an error.
type Word uint16

const (
	OK                   Word = 0x9000
	WrongLength          Word = 0x6700
	ChainNotSupported    Word = 0x6884
	SecurityNotSatisfied Word = 0x6982 // PIN not verified, management key not shown, or no touch
	Blocked              Word = 0x6983
	ConditionsNotMet     Word = 0x6985
	MemoryFailure        Word = 0x6581
	WrongData            Word = 0x6a80
	NotSupported         Word = 0x6a81
	NotFound             Word = 0x6a82
	WrongParameters      Word = 0x6a86
	ReferenceNotFound    Word = 0x6a88
	UnknownInstruction   Word = 0x6d00
	UnknownClass         Word = 0x6e00
)

// WrongPIN is the status of a refused PIN or PUK with n tries left.
func WrongPIN(n int) Word { return 0x63c0 | Word(min(n, 15)) }

// MoreData is the status of an answer of which n bytes are still to be asked for.
func MoreData(n int) Word {
	if n > 255 {
		n = 0 // 256 or more
	}
	return 0x6100 | Word(n)
}

// Tries says whether the card refused a PIN or PUK, and how many tries it
// leaves; a blocked one leaves none.
func (s Word) Tries() (n int, refused bool) {
	switch {
	case s == Blocked:
		return 0, true
	case s&0xfff0 == 0x63c0:
		return int(s & 0xf), true
	}
	return 0, false
}

func (s Word) Error() string {
	why := ""
	switch s {
	case WrongLength:
		why = ": wrong length"
	case SecurityNotSatisfied:
		why = ": security status not satisfied"
	case Blocked:
		why = ": authentication method blocked"
	case ConditionsNotMet:
		why = ": conditions of use not satisfied"
	case MemoryFailure:
		why = ": memory failure"
	case WrongData:
		why = ": incorrect data"
	case NotSupported, UnknownInstruction, UnknownClass:
		why = ": not supported"
	case NotFound, ReferenceNotFound:
		why = ": not found"
	case WrongParameters:
		why = ": incorrect parameters"
	default:
		if n, refused := s.Tries(); refused {
			why = fmt.Sprintf(": verification failed, %d tries left", n)
		}
	}
	return fmt.Sprintf("card status %04x%s", uint16(s), why)
}
