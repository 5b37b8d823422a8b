package cli

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestHarden: in a process of its own, because there is no way back.
func TestHarden(t *testing.T) {
	const inside = "CLI_TEST_HARDEN"
	if os.Getenv(inside) == "" {
		c := exec.Command(os.Args[0], "-test.run=^TestHarden$")
		c.Env = append(os.Environ(), inside+"=1", "TEA_TRACE=x", "UV_DEBUG=x")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := Harden(); err != nil {
		t.Fatal(err)
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || core != (unix.Rlimit{}) {
		t.Errorf("core dumps of %+v bytes are allowed, %v", core, err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("dumpable: %d, %v", dumpable, err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	if mayLock() && strings.Contains(string(status), "VmLck:\t       0 kB") {
		t.Error("memory may be locked, and is not")
	}
	if os.Getenv("TEA_TRACE")+os.Getenv("UV_DEBUG") != "" {
		t.Error("keys can still be logged")
	}
}
