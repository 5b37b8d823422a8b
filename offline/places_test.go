package offline

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// machine makes the kernel's files below a directory. A value that begins with
// "->" is a link.
func machine(t *testing.T, files map[string]string) Machine {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(content, "->"); ok {
			err = os.Symlink(target, path)
		} else if strings.HasSuffix(name, "/") {
			err = os.MkdirAll(path, 0o700)
		} else {
			err = os.WriteFile(path, []byte(content), 0o600)
		}
		if err != nil {
			lacks(t, "this system can't play the kernel's files:", err)
		}
	}
	return Machine{Root: root}
}

func desk(t *testing.T) Machine {
	return machine(t, map[string]string{
		"proc/self/mountinfo": strings.Join([]string{
			`21 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw`,
			`22 21 0:20 / /proc rw,nosuid shared:5 - proc proc rw`,
			`40 21 8:17 / /media/ada/MY\040STICK rw,nosuid shared:9 - vfat /dev/sdb1 rw,fmask=0022`,
			`41 21 8:33 / /media/ada/CASE ro,nosuid - exfat /dev/sdc1 rw`,
			`42 21 11:0 / /media/cdrom rw - iso9660 /dev/sr0 ro`,
			`43 21 0:99 / /media/ada rw - tmpfs tmpfs rw`,
		}, "\n") + "\n",
		"sys/block/nvme0n1": "->../devices/pci0000:00/0000:00:1d.0/nvme/nvme0n1",
		"sys/block/sdb":     "->../devices/pci0000:00/0000:00:14.0/usb1/1-1/host2/block/sdb",
		"sys/block/sdc":     "->../devices/pci0000:00/0000:00:14.0/usb1/1-2/host3/block/sdc",
		"sys/block/sr0":     "->../devices/pci0000:00/ata1/block/sr0",
		"sys/devices/pci0000:00/0000:00:1d.0/nvme/nvme0n1/dev":                       "259:0\n",
		"sys/devices/pci0000:00/0000:00:1d.0/nvme/nvme0n1/removable":                 "0\n",
		"sys/devices/pci0000:00/0000:00:1d.0/nvme/nvme0n1/nvme0n1p2/dev":             "259:2\n",
		"sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/host2/block/sdb/dev":           "8:16\n",
		"sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/host2/block/sdb/removable":     "1\n",
		"sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/host2/block/sdb/sdb1/dev":      "8:17\n",
		"sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/host3/block/sdc/dev":           "8:32\n",
		"sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/host3/block/sdc/removable":     "0\n",
		"sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/host3/block/sdc/sdc1/dev":      "8:33\n",
		"sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/host3/block/sdc/device/vendor": "Fast    \n",
		"sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/host3/block/sdc/device/model":  "Disk 9\n",
		"sys/devices/pci0000:00/ata1/block/sr0/dev":                                  "11:0\n",
		"sys/devices/pci0000:00/ata1/block/sr0/removable":                            "1\n",
		`dev/disk/by-label/MY\x20STICK`:                                              "->../../sdb1",
		"media/ada/MY STICK/":                                                        "",
		"media/cdrom/":                                                               "",
		"home/ada/":                                                                  "",
	})
}

func TestPlaces(t *testing.T) {
	m := desk(t)
	home := filepath.Join(m.Root, "home/ada")
	got, err := m.Places(home)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i].Free > 0 {
			got[i].Free = 1 // whatever the test's machine has
		}
	}
	want := []Place{
		{Path: filepath.Join(m.Root, "media/ada/CASE"), Label: "Fast Disk 9", Device: "/dev/sdc1", FSType: "exfat", Free: -1, ReadOnly: true, Removable: true},
		{Path: filepath.Join(m.Root, "media/ada/MY STICK"), Label: "MY STICK", Device: "/dev/sdb1", FSType: "vfat", Free: 1, Removable: true},
		{Path: filepath.Join(m.Root, "media/cdrom"), Label: "sr0", Device: "/dev/sr0", FSType: "iso9660", Free: 1, ReadOnly: true, Removable: true},
		{Path: home, Device: "/dev/nvme0n1p2", FSType: "ext4", Free: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if _, err := m.Places(filepath.Join(m.Root, "none")); err == nil {
		t.Error("a directory that is not there was taken")
	}
	if _, err := m.Places(filepath.Join(m.Root, "proc/self/mountinfo")); err == nil {
		t.Error("a file was taken for a directory")
	}
}

func TestPlacesWithoutTables(t *testing.T) {
	dir := t.TempDir()
	got, err := machine(t, nil).Places(dir)
	if err != nil || len(got) != 1 || got[0].Path != dir {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestPlacesOfThisMachine(t *testing.T) {
	got, err := Machine{}.Places(t.TempDir())
	if err != nil || got[len(got)-1].Free == 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestParseMounts(t *testing.T) {
	for _, tc := range []struct {
		line string
		want mount
	}{
		{`36 35 98:0 /mnt1 /mnt/parent rw,noatime master:1 - ext3 /dev/root rw,errors=continue`, mount{"98:0", "/mnt/parent", "ext3", "/dev/root", false}},
		{`36 35 98:0 / /a rw - ext3 /dev/root ro`, mount{"98:0", "/a", "ext3", "/dev/root", true}},
		{`36 35 98:0 / /a ro shared:1 master:2 - ext3 /dev/root rw`, mount{"98:0", "/a", "ext3", "/dev/root", true}},
		{`36 35 8:1 / /media/a\040b\011c\134d\012e rw - vfat /dev/sd\043 rw`, mount{"8:1", "/media/a b\tc\\d\ne", "vfat", "/dev/sd#", false}},
		{`36 35 0:1 / /x rw - tmpfs  rw`, mount{"0:1", "/x", "tmpfs", "", false}}, // a source may be empty
	} {
		got, err := parseMounts([]byte(tc.line + "\n"))
		if err != nil || len(got) != 1 || got[0] != tc.want {
			t.Errorf("%s: got %+v, %v", tc.line, got, err)
		}
	}
	for _, bad := range []string{"", "x", `36 35 8:1 / /a rw`, `36 35 8:1 / a rw - vfat /dev/sda rw`, `36 35 8:1 / /a\04 rw - vfat /dev/sda rw`,
		`36 35 8:1 / /a\999 rw - vfat x rw`, `36 35 8:1 / /a\000 rw - vfat x rw`, `36 35 8:1 / /a\777 rw - vfat x rw`, `1 - x y`} {
		if got, err := parseMounts([]byte(bad + "\n")); err == nil {
			t.Errorf("%q: got %+v", bad, got)
		}
	}
}

func FuzzParseMounts(f *testing.F) {
	f.Add([]byte(`36 35 8:1 / /media/a\040b rw - vfat /dev/sda1 rw` + "\n"))
	f.Add([]byte(`21 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw`))
	f.Fuzz(func(t *testing.T, table []byte) {
		mounts, err := parseMounts(table)
		if err != nil {
			return
		}
		if lines := strings.Count(strings.TrimSuffix(string(table), "\n"), "\n") + 1; len(table) > 0 && len(mounts) != lines {
			t.Errorf("got %d mounts from %d lines", len(mounts), lines)
		}
		for _, m := range mounts {
			if !strings.HasPrefix(m.point, "/") {
				t.Errorf("got the mount point %q", m.point)
			}
		}
	})
}

func TestUnescapeLabel(t *testing.T) {
	for escaped, want := range map[string]string{`MY\x20STICK`: "MY STICK", `a\x2fb`: "a/b", `\x5cx20`: `\x20`, `a\xzz`: `a\xzz`, `a\x2`: `a\x2`, "": ""} {
		if got := unescapeLabel(escaped); got != want {
			t.Errorf("%s: got %q, want %q", escaped, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	m := machine(t, map[string]string{
		"b.tar": "two", "a.tar": "one", "plan.yaml": "", "notes.txt": "", ".hidden.tar": "", "dir.tar/": "", "link.tar": "->b.tar", "sub/c.tar": "",
	})
	got, err := Find(m.Root, ".tar", ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := []Found{
		{"a.tar", filepath.Join(m.Root, "a.tar"), 3},
		{"b.tar", filepath.Join(m.Root, "b.tar"), 3},
		{"plan.yaml", filepath.Join(m.Root, "plan.yaml"), 0},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if got, err := Find(t.TempDir(), ".tar"); err != nil || len(got) != 0 {
		t.Errorf("an empty directory: %v, %v", got, err)
	}
	if _, err := Find(filepath.Join(m.Root, "none"), ".tar"); err == nil {
		t.Error("a directory that is not there was listed")
	}
}

func TestFindIsBounded(t *testing.T) {
	dir := t.TempDir()
	for i := range maxFiles + 1 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.tar", i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Find(dir, ".tar"); err == nil {
		t.Error("10,001 files were listed")
	}
}
