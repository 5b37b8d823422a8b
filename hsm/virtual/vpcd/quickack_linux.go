package vpcd

import (
	"net"
	"syscall"
)

// quickACK asks the kernel to acknowledge at once. The driver sends a length
// and a message in two writes and waits in between for the acknowledgement,
// which else comes 40 ms late. The kernel forgets the wish, so it is asked
// before each read. A refusal costs time only.
func quickACK(conn net.Conn) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	})
}
