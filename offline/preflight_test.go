package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/token"
)

// readers is a token.Reader with so many tokens, or an error.
type readers struct {
	n   int
	err error
}

func (r readers) Tokens(context.Context) ([]token.Token, error) {
	return make([]token.Token, r.n), r.err
}

// quiet are the kernel's files of a machine that nothing is wrong with.
func quiet() map[string]string {
	return map[string]string{
		"sys/class/net/lo/operstate":   "unknown\n",
		"sys/class/net/eth0/operstate": "down\n",
		"proc/net/route":               "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n",
		"proc/net/ipv6_route":          strings.Repeat("0", 32) + " 00 " + strings.Repeat("0", 32) + " 00 " + strings.Repeat("0", 32) + " ffffffff 00000001 00000000 00200200       lo\n",
		"proc/swaps":                   "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
		"proc/self/status":             "Name:\tconclave\nVmLck:\t 1226892 kB\n",
	}
}

func TestPreflight(t *testing.T) {
	base := Preflight{Reader: readers{}}
	set := func(name, content string) func(map[string]string, *Preflight) {
		return func(f map[string]string, _ *Preflight) { f[name] = content }
	}
	edit := func(f func(p *Preflight)) func(map[string]string, *Preflight) {
		return func(_ map[string]string, p *Preflight) { f(p) }
	}
	for _, tc := range []struct {
		name  string
		edit  func(map[string]string, *Preflight)
		check string
		pass  bool
		says  string
	}{
		{"nothing wrong", edit(func(*Preflight) {}), "network", true, "No network"},
		{"a cable", set("sys/class/net/eth0/operstate", "up\n"), "network", false, "eth0"},
		{"a radio that waits", set("sys/class/net/wlan0/operstate", "dormant\n"), "network", false, "wlan0"},
		{"a tunnel that is on", func(f map[string]string, _ *Preflight) {
			f["sys/class/net/tun0/operstate"], f["sys/class/net/tun0/flags"] = "unknown\n", "0x1091\n"
		}, "network", false, "tun0"},
		{"a tunnel that is off", func(f map[string]string, _ *Preflight) {
			f["sys/class/net/tun0/operstate"], f["sys/class/net/tun0/flags"] = "unknown\n", "0x1090\n"
		}, "network", true, ""},
		{"a name with an escape", set("sys/class/net/e\x1b[2J/operstate", "up\n"), "network", false, `e\x1b[2J`},
		{"a default route", set("proc/net/route", "Iface\tx\neth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"), "network", false, "route"},
		{"a local route", set("proc/net/route", "Iface\tx\neth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"), "network", true, ""},
		{"a default route of IPv6", set("proc/net/ipv6_route", strings.Repeat("0", 32)+" 00 "+strings.Repeat("0", 32)+" 00 "+strings.Repeat("f", 32)+" 00000400 00000001 00000000 00000003 eth0\n"), "network", false, "route"},
		{"no IPv6", func(f map[string]string, _ *Preflight) { delete(f, "proc/net/ipv6_route") }, "network", true, ""},
		{"no tables at all", func(f map[string]string, _ *Preflight) { clear(f) }, "network", false, "could not be checked"},

		{"no token yet", edit(func(*Preflight) {}), "readers", true, "No token"},
		{"one token", edit(func(p *Preflight) { p.Reader = readers{n: 1} }), "readers", true, "One token"},
		{"two tokens", edit(func(p *Preflight) { p.Reader = readers{n: 2} }), "readers", true, "2 tokens"},
		{"no card service", edit(func(p *Preflight) { p.Reader = readers{err: token.ErrNoCardSupport} }), "readers", false, "without card support"},

		{"no swap", edit(func(*Preflight) {}), "swap", true, ""},
		{"swap", set("proc/swaps", "Filename\tType\n/dev/sda2 partition 1 0 -2\n/swap\\040file file 1 0 -3\n"), "swap", false, `/dev/sda2, /swap\040file`},

		{"locked memory", edit(func(*Preflight) {}), "memory lock", true, ""},
		{"memory not locked", set("proc/self/status", "VmLck:\t       0 kB\n"), "memory lock", false, "not locked"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			files, p := quiet(), base
			tc.edit(files, &p)
			p.Machine = machine(t, files)
			got := find(t, p.Run(t.Context()), tc.check)
			if got.Pass != tc.pass || !strings.Contains(got.Reason, tc.says) {
				t.Errorf("got %+v, want pass %v and %q", got, tc.pass, tc.says)
			}
		})
	}
}

func find(t *testing.T, checks []token.Check, name string) token.Check {
	t.Helper()
	for _, c := range checks {
		if !strings.HasSuffix(c.Reason, ".") && !strings.HasSuffix(c.Reason, "swapoff -a") {
			t.Errorf("%s: %q is no sentence", c.Name, c.Reason)
		}
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %q in %+v", name, checks)
	return token.Check{}
}

func TestPreflightMedium(t *testing.T) {
	m := desk(t)
	for dir, want := range map[string]struct {
		pass bool
		says string
	}{
		"home/ada":    {true, "can be written to"},
		"media/cdrom": {false, "read-only"},
		"none":        {false, "could not be checked"},
	} {
		got := find(t, Preflight{Machine: m, Medium: filepath.Join(m.Root, dir)}.Run(t.Context()), "medium")
		if got.Pass != want.pass || !strings.Contains(got.Reason, want.says) {
			t.Errorf("%s: got %+v", dir, got)
		}
	}
}

func TestPreflightTool(t *testing.T) {
	path := filepath.Join(t.TempDir(), "conclave")
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := find(t, Preflight{Tool: path}.Run(t.Context()), "tool")
	if !got.Pass || !strings.Contains(got.Reason, "ba78 16bf 8f01 cfea 4141 40de 5dae 2223 b003 61a3 9617 7a9c b410 ff61 f200 15ad") {
		t.Errorf("got %+v", got)
	}
	if got := find(t, Preflight{Tool: path + "x"}.Run(t.Context()), "tool"); got.Pass {
		t.Errorf("got %+v", got)
	}
}

func TestCoreDumpCheck(t *testing.T) {
	if !coreDumpCheck(false, nil).Pass || coreDumpCheck(true, nil).Pass || coreDumpCheck(false, errors.ErrUnsupported).Pass {
		t.Error("the verdict is not what was found")
	}
}

// TestWallChecks: the verdict is what the kernel answered, and where nothing was
// tried nothing passes. TestInside has them pass for real.
func TestWallChecks(t *testing.T) {
	open := fmt.Errorf("x: %w", errAllowed)
	for name, tc := range map[string]struct {
		walls
		sandbox, files string // what is said; "": it passes
	}{
		"all stand":    {walls{}, "", ""},
		"no network":   {walls{network: open}, "opening network connections", ""},
		"programs":     {walls{programs: open}, "starting others", ""},
		"no Landlock":  {walls{files: open}, "", "Landlock"},
		"not known":    {walls{nil, errors.ErrUnsupported, errors.ErrUnsupported}, "could not be checked", "could not be checked"},
		"without /dev": {walls{files: fs.ErrNotExist}, "", "could not be checked"},
	} {
		for check, says := range map[string]string{"sandbox": tc.sandbox, "files": tc.files} {
			got := find(t, tc.checks(), check)
			if got.Pass != (says == "") || !strings.Contains(got.Reason, says) {
				t.Errorf("%s: got %+v", name, got)
			}
		}
	}
	for _, c := range tryWalls().checks() {
		if c.Pass {
			t.Errorf("this test is not walled in, and yet: %+v", c)
		}
	}
}
