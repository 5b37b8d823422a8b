package pcscd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process is the daemon's.
type process struct {
	command *exec.Cmd
	exited  chan struct{} // closed once the process was waited for
}

// Start starts a daemon with that many readers, which keeps its files in dir
// (an absolute path of fewer than 90 bytes: a socket's name is short). Log
// takes what the daemon says; nil drops it. A *MissingError says that the
// daemon or the driver isn't there.
func Start(ctx context.Context, dir string, readers int, log io.Writer) (*Service, error) {
	daemon, err := find("pcscd", "/usr/sbin/pcscd", "/usr/local/sbin/pcscd")
	if err != nil {
		return nil, &MissingError{"pcscd", "pcscd"}
	}
	driver, err := find("", "/usr/lib/pcsc/drivers/serial/libifdvpcd.so", "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so")
	if err != nil {
		return nil, &MissingError{"the vpcd reader driver", "vsmartcard-vpcd"}
	}
	release, err := oneAtATime()
	if err != nil {
		return nil, err
	}
	defer release()
	s := &Service{Socket: filepath.Join(dir, "pcscd.comm"), process: process{exited: make(chan struct{})}}
	if err := s.configure(dir, driver, readers); err != nil {
		return nil, err
	}
	if err := s.launch(daemon, filepath.Join(dir, "readers"), log); err != nil {
		return nil, err
	}
	if err := s.await(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// oneAtATime keeps daemons that start at once, also in other processes, from
// choosing the same ports: they are free again for a moment before the driver
// takes them.
func oneAtATime() (release func(), err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), fmt.Sprintf("conclave-vpcd-%d.lock", os.Getuid())), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil // which lets the lock go
}

// find looks a program up in PATH and then at fixed places.
func find(program string, places ...string) (string, error) {
	if program != "" {
		if p, err := exec.LookPath(program); err == nil {
			return p, nil
		}
	}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return filepath.EvalSymlinks(p)
		}
	}
	return "", os.ErrNotExist
}

// configure writes a reader.conf with one entry for each reader. Entries that
// share one driver file break each other, so each gets a copy of its own.
func (s *Service) configure(dir, driver string, readers int) error {
	conf := filepath.Join(dir, "readers")
	if err := os.MkdirAll(conf, 0o700); err != nil {
		return err
	}
	object, err := os.ReadFile(driver)
	if err != nil {
		return err
	}
	ports, err := freePorts(readers)
	if err != nil {
		return err
	}
	var b strings.Builder
	for i, port := range ports {
		own := filepath.Join(dir, fmt.Sprintf("libifdvpcd-%d.so", i))
		if err := os.WriteFile(own, object, 0o700); err != nil {
			return err
		}
		name := fmt.Sprintf("Yubico YubiKey CCID %d", i)
		fmt.Fprintf(&b, "FRIENDLYNAME %q\nDEVICENAME /dev/null:0x%04X\nLIBPATH %s\nCHANNELID 0x%04X\n\n", name, port, own, port)
		s.Readers = append(s.Readers, Reader{
			Name:    name + " 00 00",
			Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		})
	}
	return os.WriteFile(filepath.Join(conf, "vpcd"), []byte(b.String()), 0o600)
}

// freePorts finds ports p of which p+1 is free as well: the driver's second
// slot listens there. They are freed before the driver takes them, so another
// program may be faster; Start then fails, and may be called again.
func freePorts(n int) ([]int, error) {
	var ports []int
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	for tries := 0; len(ports) < n; tries++ {
		if tries > 100*(n+1) {
			return nil, errors.New("no free ports for the vpcd readers")
		}
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		held = append(held, l)
		port := l.Addr().(*net.TCPAddr).Port
		next, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+1)))
		if err != nil {
			continue
		}
		held = append(held, next)
		ports = append(ports, port)
	}
	return ports, nil
}

// launch hands the daemon its socket as systemd would (sd_listen_fds(3)): as
// descriptor 3, with its own process number in LISTEN_PID. Only the process
// itself knows that number in time, hence the shell.
func (s *Service) launch(daemon, conf string, log io.Writer) error {
	if err := os.Remove(s.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.Socket, Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	defer l.Close()
	socket, err := l.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	s.command = exec.Command("/bin/sh", "-c", `LISTEN_PID=$$; export LISTEN_PID; exec "$0" --foreground --config "$1"`, daemon, conf)
	s.command.Env = append(os.Environ(), "LISTEN_FDS=1")
	s.command.ExtraFiles = []*os.File{socket}
	s.command.Stdout, s.command.Stderr = log, log
	if err := s.command.Start(); err != nil {
		return err
	}
	go func() {
		_ = s.command.Wait() // its exit status says nothing: it is ended by a signal
		close(s.exited)
	}()
	return nil
}

// await returns once every reader's driver listens. The daemon has no event
// for that, and dialling would be taken for a token, so the kernel is asked.
func (s *Service) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		ready, err := s.listening()
		if err != nil || ready {
			return err
		}
		select {
		case <-s.exited:
			return errors.New("pcscd ended before its readers were ready")
		case <-ctx.Done():
			return fmt.Errorf("pcscd's readers are not ready: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// listening looks the readers' ports up among the kernel's listening sockets
// (proc(5): local address and port in hexadecimal, state 0A).
func (s *Service) listening() (bool, error) {
	var table []byte
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, os.ErrNotExist) { // no IPv6
			return false, err
		}
		table = append(table, b...)
	}
	for _, r := range s.Readers {
		_, port, err := net.SplitHostPort(r.Address)
		if err != nil {
			return false, err
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			return false, err
		}
		found, err := regexp.Match(fmt.Sprintf(`(?m)^ *\d+: [0-9A-F]+:%04X [0-9A-F:]+ 0A `, n), table)
		if err != nil || !found {
			return false, err
		}
	}
	return true, nil
}

// Stop ends the daemon, and nothing else, and waits for it.
func (s *Service) Stop() error {
	err := s.command.Process.Signal(syscall.SIGTERM)
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
	case <-time.After(5 * time.Second):
		if err := s.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		<-s.exited
	}
	return nil
}
