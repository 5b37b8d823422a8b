//go:build amd64 || arm64

package offline

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// The walls stay up until a process ends, so the tests go inside in a process
// of their own.
func TestInside(t *testing.T) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		dir = t.TempDir()
		mine := filepath.Join(dir, "mine")
		if err := os.Mkdir(mine, 0o700); err != nil {
			t.Fatal(err)
		}
		inside := child(t, t.Name(), dir)
		inside.Env = append(inside.Env, "TMPDIR="+mine, "GOCOVERDIR="+mine) // where coverage may be written
		if out, err := inside.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "mine", "later", "written")); err != nil {
			t.Error("the test inside did not do its work:", err)
		}
		return
	}

	// What is there before the walls: another thread, and a server.
	mine := filepath.Join(dir, "mine")
	server, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	server.(*net.UnixListener).SetUnlinkOnClose(false) // it may not be removed from inside
	defer server.Close()
	walls, tried := make(chan struct{}), sync.WaitGroup{}
	tried.Go(func() {
		runtime.LockOSThread()
		<-walls
		if err := openSocket(); !errors.Is(err, unix.EPERM) {
			t.Errorf("a thread from before got %v", err)
		}
	})
	if err := errors.Join(unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}), unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := Sandbox(mine, filepath.Join(dir, "none")); err != nil {
		t.Fatal(err)
	}
	close(walls)
	tried.Wait()

	t.Run("network", func(t *testing.T) { noNetworkInside(t) })
	t.Run("programs", func(t *testing.T) {
		if err := exec.Command("/bin/true").Run(); !errors.Is(err, unix.EPERM) {
			t.Errorf("another program: got %v, want the kernel's refusal", err)
		}
	})
	t.Run("unix", func(t *testing.T) {
		c, err := net.Dial("unix", server.Addr().String())
		if err != nil {
			t.Fatal("the card service would be out of reach:", err)
		}
		_ = c.Close()
	})
	t.Run("files", func(t *testing.T) { filesInside(t, mine, dir) })
	t.Run("preflight", func(t *testing.T) {
		checks := Preflight{}.Run(t.Context())
		names := []string{"sandbox", "core dumps"}
		if hasLandlock() {
			names = append(names, "files")
		}
		for _, name := range names {
			if c := find(t, checks, name); !c.Pass {
				t.Errorf("got %+v", c)
			}
		}
	})
}

func openSocket() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err == nil {
		_ = unix.Close(fd)
	}
	return err
}

func noNetworkInside(t *testing.T) {
	const mptcp = 262 // IPPROTO_MPTCP
	for name, try := range map[string]func() error{
		"dial TCP":    func() error { _, err := net.Dial("tcp", "127.0.0.1:9"); return err },
		"dial TCP 6":  func() error { _, err := net.Dial("tcp6", "[::1]:9"); return err },
		"listen":      func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err },
		"dial UDP":    func() error { _, err := net.Dial("udp", "127.0.0.1:9"); return err },
		"listen UDP":  func() error { _, err := net.ListenPacket("udp", "127.0.0.1:0"); return err },
		"multipath":   func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, mptcp); return err },
		"raw packets": func() error { _, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0); return err },
		"netlink":     func() error { _, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, 0); return err },
		"bluetooth":   func() error { _, err := unix.Socket(unix.AF_BLUETOOTH, unix.SOCK_STREAM, 0); return err },
		"vsock":       func() error { _, err := unix.Socket(unix.AF_VSOCK, unix.SOCK_STREAM, 0); return err },
		"io_uring":    func() error { _, _, e := unix.Syscall(unix.SYS_IO_URING_SETUP, 0, 0, 0); return e },
	} {
		if err := try(); !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: got %v, want the kernel's refusal", name, err)
		}
	}
}

func filesInside(t *testing.T, mine, outside string) {
	if err := os.Mkdir(filepath.Join(mine, "later"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Export(t.Context(), filepath.Join(mine, "later"), "written", []byte("x")); err != nil {
		t.Error("a directory that was named can't be written to:", err)
	}
	if _, err := os.ReadDir("/"); err != nil {
		t.Error("reading is not free:", err)
	}
	if tty, err := os.OpenFile("/dev/null", os.O_RDWR, 0); err != nil {
		t.Error("devices are out of reach:", err)
	} else {
		_ = tty.Close()
	}
	if !hasLandlock() {
		lacks(t, "this kernel has no Landlock: writing is not limited")
	}
	if err := os.WriteFile(filepath.Join(outside, "x"), nil, 0o600); !errors.Is(err, os.ErrPermission) {
		t.Errorf("writing elsewhere: got %v", err)
	}
}
