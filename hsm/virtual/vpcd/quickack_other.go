//go:build !linux

package vpcd

import "net"

// quickACK: only Linux has it, and elsewhere nothing needs it.
func quickACK(net.Conn) {}
