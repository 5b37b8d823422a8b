//go:build cgo && (linux || darwin)

package scard

// #cgo darwin LDFLAGS: -framework PCSC
// #cgo linux pkg-config: libpcsclite
// #include <stdlib.h>
// #include <PCSC/winscard.h>
// #include <PCSC/wintypes.h>
import "C"

import (
	"unsafe"

	"github.com/conclave-tuf/conclave/hsm/internal/status"
)

// Card is a shared connection, in a transaction of its own. It is for one
// goroutine.
type Card struct {
	context C.SCARDCONTEXT
	handle  C.SCARDHANDLE
}

// Open connects to the card in a reader. The error is a Code.
func Open(reader string) (*Card, error) {
	var c Card
	if rc := C.SCardEstablishContext(C.SCARD_SCOPE_SYSTEM, nil, nil, &c.context); rc != C.SCARD_S_SUCCESS {
		return nil, Code(rc)
	}
	name := C.CString(reader)
	defer C.free(unsafe.Pointer(name))
	var protocol C.DWORD
	if rc := C.SCardConnect(c.context, name, C.SCARD_SHARE_SHARED, C.SCARD_PROTOCOL_T1, &c.handle, &protocol); rc != C.SCARD_S_SUCCESS {
		C.SCardReleaseContext(c.context)
		return nil, Code(rc)
	}
	if rc := C.SCardBeginTransaction(c.handle); rc != C.SCARD_S_SUCCESS {
		C.SCardDisconnect(c.handle, C.SCARD_LEAVE_CARD)
		C.SCardReleaseContext(c.context)
		return nil, Code(rc)
	}
	return &c, nil
}

// Do sends a command APDU and returns what came back in one message. The
// error is a Code.
func (c *Card) Do(command []byte) (answer []byte, sw status.Word, err error) {
	b := make([]byte, C.MAX_BUFFER_SIZE_EXTENDED)
	n := C.DWORD(len(b))
	rc := C.SCardTransmit(c.handle, C.SCARD_PCI_T1,
		(*C.BYTE)(&command[0]), C.DWORD(len(command)), nil,
		(*C.BYTE)(&b[0]), &n)
	if rc != C.SCARD_S_SUCCESS {
		return nil, 0, Code(rc)
	}
	if n < 2 {
		return nil, 0, CommDataLost
	}
	return b[: n-2 : n-2], status.Word(b[n-2])<<8 | status.Word(b[n-1]), nil
}

// Close gives the card back as it is. The daemon cleans up after a client
// that can't say so, hence nothing is done about errors.
func (c *Card) Close() {
	C.SCardEndTransaction(c.handle, C.SCARD_LEAVE_CARD)
	C.SCardDisconnect(c.handle, C.SCARD_LEAVE_CARD)
	C.SCardReleaseContext(c.context)
}
