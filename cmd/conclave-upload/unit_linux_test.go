package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

// TestUnit: the systemd unit and the timer in README.md are what systemd takes,
// and what the unit starts refreshes a trust.
func TestUnit(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	unit := regexp.MustCompile("(?s)```ini\n(.*?)```").FindSubmatch(readme)
	timer := regexp.MustCompile("`(OnCalendar=[^`]+)`").FindSubmatch(readme)
	if unit == nil || timer == nil {
		t.Fatal("README.md holds no unit, or no timer")
	}
	t.Run("systemd", func(t *testing.T) {
		analyze := registrytest.Tool(t, "systemd-analyze")
		dir := t.TempDir()
		for name, text := range map[string]string{
			"conclave.service": strings.ReplaceAll(string(unit[1]), "/usr/local/bin/conclave-upload", "/bin/true"), // which is there
			"conclave.timer":   "[Timer]\n" + string(timer[1]) + "\n",
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c := exec.Command(analyze, "verify", filepath.Join(dir, "conclave.service"), filepath.Join(dir, "conclave.timer"))
		if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("refresh", func(t *testing.T) {
		s := publishing(t, registrytest.Embedded(t).Host())
		_, line, _ := strings.Cut(string(unit[1]), "ExecStart=/usr/local/bin/conclave-upload ")
		line = regexp.MustCompile(`registry\.example\S+`).ReplaceAllString(line, s.ref)
		line = strings.NewReplacer("\\\n", "", "/var/lib/conclave", s.path("state"), "/etc/conclave", s.dir, "${CREDENTIALS_DIRECTORY}", s.dir).Replace(line)
		if code, printed := s.exits(nil, strings.Fields(line)...); code != cli.Done {
			t.Errorf("%s: exit code %d\n%s", line, code, printed)
		}
	})
}
