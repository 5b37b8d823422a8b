package pcscd

import "fmt"

// SocketVariable is the environment variable by which libpcsclite finds a
// daemon other than the system's. The library reads it once, at its first call.
const SocketVariable = "PCSCLITE_CSOCK_NAME"

// MissingError says what a machine lacks to run the daemon.
type MissingError struct{ What, Package string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is missing (Debian package %s)", e.What, e.Package)
}

// Reader is one reader, with an address at which the driver waits for its token.
type Reader struct {
	Name    string // as PC/SC lists it
	Address string // host:port, on loopback
}

// Service is a running daemon.
type Service struct {
	Socket  string // value for SocketVariable
	Readers []Reader

	process
}

// Environment is the setting by which a program uses this daemon.
func (s *Service) Environment() string { return SocketVariable + "=" + s.Socket }
