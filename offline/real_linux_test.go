package offline

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallDisk mounts a file system of 256 KiB, which takes privileges.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		lacks(t, "nothing can be mounted here, so only the model was tested:", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// A real file system that is full, or read-only all of a sudden: an error, and
// the ceremony goes on once there is room.
func TestRealDiskFullAndReadOnly(t *testing.T) {
	disk := smallDisk(t)
	w := open(t, filepath.Join(disk, "ceremony"))
	record := func(line string) error { return w.Append([]byte(line + "\n")) }
	if err := record("one"); err != nil {
		t.Fatal(err)
	}

	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	long := strings.Repeat("two", 4096) // more than what is left of the journal's last page
	if err := record(long); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if _, err := w.Put([]byte(long)); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if _, err := Export(t.Context(), disk, "new.tar", []byte(long)); !errors.As(err, new(*SpaceError)) {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := record(long); err != nil {
		t.Fatal("with room again:", err)
	}

	remount := func(flags uintptr) {
		t.Helper()
		if err := unix.Mount("", disk, "", unix.MS_REMOUNT|flags, "size=256k"); err != nil {
			lacks(t, "this kernel does not remount it while a file is open:", err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	remount(unix.MS_RDONLY)
	if _, err := OpenWorkspace(w.Dir()); !errors.Is(err, unix.EROFS) {
		t.Errorf("got %v", err)
	}
	if _, err := Export(t.Context(), disk, "new.tar", []byte("x")); !errors.Is(err, unix.EROFS) {
		t.Errorf("got %v", err)
	}
	remount(0)
	w = open(t, w.Dir())
	if err := record("three"); err != nil {
		t.Fatal("writable again:", err)
	}
	if got := journalOf(t, w); got != "one\n"+long+"\nthree\n" {
		t.Errorf("got %d bytes of journal", len(got))
	}
}
