package offline

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// mount is one line of /proc/self/mountinfo (proc_pid_mountinfo(5)).
type mount struct {
	device   string // major:minor
	point    string
	fsType   string
	source   string // "/dev/sdb1"
	readOnly bool   // the mount or the file system
}

// parseMounts reads a mountinfo table. A line that it can't read is an error:
// half a table could hide the drive that someone is about to write to.
func parseMounts(table []byte) ([]mount, error) {
	var mounts []mount
	n := 0
	for line := range bytes.Lines(table) {
		n++
		m, ok := parseMount(strings.TrimSuffix(string(line), "\n"))
		if !ok {
			return nil, fmt.Errorf("line %d of the kernel's mount table is not of the known form", n)
		}
		mounts = append(mounts, m)
	}
	return mounts, nil
}

// parseMount reads "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [FIELD...] - TYPE SOURCE OPTIONS".
func parseMount(line string) (mount, bool) {
	before, after, ok := strings.Cut(line, " - ")
	head, tail := strings.Split(before, " "), strings.Split(after, " ")
	if !ok || len(head) < 6 || len(tail) < 2 {
		return mount{}, false
	}
	point, ok := unescape(head[4])
	if !ok || !strings.HasPrefix(point, "/") {
		return mount{}, false
	}
	fsType, okType := unescape(tail[0])
	source, okSource := unescape(tail[1])
	m := mount{device: head[2], point: point, fsType: fsType, source: source}
	m.readOnly = hasOption(head[5], "ro") || len(tail) > 2 && hasOption(tail[2], "ro")
	return m, okType && okSource
}

func hasOption(options, want string) bool {
	return slices.Contains(strings.Split(options, ","), want)
}

// unescape undoes the kernel's escapes: a backslash and three octal digits.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			b.WriteByte(s[i])
			continue
		}
		if i+3 >= len(s) {
			return "", false
		}
		c := 0
		for _, digit := range s[i+1 : i+4] {
			if digit < '0' || digit > '7' {
				return "", false
			}
			c = c<<3 | int(digit-'0')
		}
		if c == 0 || c > 0xff {
			return "", false
		}
		b.WriteByte(byte(c))
		i += 3
	}
	return b.String(), true
}
