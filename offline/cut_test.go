package offline

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
)

const workdir = "/home/ada/ceremony"

// deed is what a ceremony asks of a workspace: a blob, then the line that
// names it.
type deed struct{ blob, line string }

func deeds() []deed {
	return []deed{{"first", "{\"n\":1}\n"}, {"second", "{\"n\":2}\n"}, {"first", "{\"n\":3}\n"}}
}

// work does the deeds from the n-th on, trying each as often as tries says,
// and returns how many are done.
func work(d disk, tries int) (done int, err error) {
	retry := func(f func() error) error {
		for range tries {
			if err = f(); err == nil {
				return nil
			}
		}
		return err
	}
	var w *Workspace
	if err := retry(func() (err error) { w, err = openWorkspace(d, workdir); return err }); err != nil {
		return 0, err
	}
	defer func() { _ = w.Close() }()
	lines, err := w.Lines()
	if err != nil {
		return 0, err
	}
	done = bytes.Count(lines, []byte("\n"))
	for _, deed := range deeds()[done:] {
		if err := retry(func() error { _, err := w.Put([]byte(deed.blob)); return err }); err != nil {
			return done, err
		}
		if err := retry(func() error { return w.Append([]byte(deed.line)) }); err != nil {
			return done, err
		}
		done++
	}
	return done, nil
}

// holds checks that the workspace on d holds the first n deeds at the least,
// and nothing that is not one, and returns how many.
func holds(t *testing.T, d disk, n int) int {
	t.Helper()
	w, err := openWorkspace(d, workdir)
	if err != nil {
		t.Fatalf("it does not open: %v", err)
	}
	defer func() { _ = w.Close() }()
	lines, err := w.Lines()
	if err != nil {
		t.Fatal(err)
	}
	got := bytes.Count(lines, []byte("\n"))
	if got < n || got > len(deeds()) {
		t.Fatalf("it holds %d lines, and %d were promised", got, n)
	}
	want := ""
	for _, deed := range deeds()[:got] {
		want += deed.line
		b, err := w.Get(metadata.Sum([]byte(deed.blob)))
		if err != nil || string(b) != deed.blob {
			t.Errorf("blob %q: %v", deed.blob, err)
		}
	}
	if string(lines) != want {
		t.Errorf("got the lines %q, want %q", lines, want)
	}
	return got
}

// A power cut in any step, with any part of what was not synced surviving it:
// whatever was promised is there, nothing is half there, and work goes on.
func TestPowerCut(t *testing.T) {
	steps := countSteps(t)
	for how, survive := range survivals() {
		t.Run(how, func(t *testing.T) {
			for cut := 1; cut <= steps; cut++ {
				m := newModel()
				m.cutAt = cut
				done, err := work(m, 1)
				if cut < steps && err == nil {
					t.Fatalf("cut %d was not noticed", cut)
				}
				after := survive(m)
				holds(t, after, done)
				if done, err := work(after, 1); err != nil || done != len(deeds()) {
					t.Fatalf("after cut %d work does not go on: %d, %v", cut, done, err)
				}
				holds(t, after.reboot(synced, after.kept), len(deeds()))
			}
		})
	}
}

// A process ends in any step, killed or by a fault, and leaves the rest to the
// kernel. The next one relies on what it reads, so that has to outlast a power
// cut.
func TestRestartThenPowerCut(t *testing.T) {
	for step := 1; step <= countSteps(t); step++ {
		killed, faulty := newModel(), newModel()
		killed.cutAt = step
		faulty.failAt, faulty.err = step, syscall.EIO
		for _, m := range []*model{killed, faulty} {
			done, _ := work(m, 1)
			m.off = false
			seen := holds(t, m, done)
			holds(t, m.reboot(synced, m.kept), seen)
		}
	}
}

func countSteps(t *testing.T) int {
	t.Helper()
	m := newModel()
	if _, err := work(m, 1); err != nil {
		t.Fatal(err)
	}
	if m.step < 20 {
		t.Fatalf("only %d steps: the model is not asked", m.step)
	}
	return m.step
}

// Any step fails once: what is tried again goes through, and nothing is
// promised that is not on the disk.
func TestFaultOnce(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		for step := 1; step <= countSteps(t); step++ {
			for _, remembers := range []bool{true, false} {
				m := newModel()
				m.failAt, m.err, m.remembers = step, fault, remembers
				if done, err := work(m, 2); err != nil || done != len(deeds()) {
					t.Errorf("%v in step %d: trying again does not help: %d, %v", fault, step, done, err)
				}
				for how, survive := range survivals() {
					if n := holds(t, survive(m), len(deeds())); n != len(deeds()) {
						t.Errorf("%v in step %d, %s: %d lines", fault, step, how, n)
					}
				}
			}
		}
	}
}

// From some step on everything fails: an error, the cause in it, and once the
// medium is back all that was promised, and room for the rest.
func TestFaultForGood(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS} {
		for step := 1; step < countSteps(t); step++ {
			m := newModel()
			m.failAt, m.always, m.err = step, true, fault
			done, err := work(m, 2)
			if !errors.Is(err, fault) {
				t.Errorf("%v from step %d on: got %v", fault, step, err)
			}
			after := m.reboot(synced, m.kept)
			holds(t, after, done)
			m.failAt = 0
			if done, err := work(m, 1); err != nil || done != len(deeds()) {
				t.Errorf("%v from step %d on: work does not go on: %d, %v", fault, step, done, err)
			}
		}
	}
}

const stick = "/stick"

func withStick(data string) *model {
	m := newModel()
	m.names[stick] = &node{dir: true}
	m.kept[stick] = m.names[stick]
	m.names[stick+"/old.tar"] = &node{data: []byte(data), disk: []byte(data), dirty: make([]bool, len(data))}
	m.kept[stick+"/old.tar"] = m.names[stick+"/old.tar"]
	return m
}

func TestExportPowerCutAndFaults(t *testing.T) {
	data := []byte(strings.Repeat("bundle", 100))
	whole := withStick("old")
	written, err := export(context.Background(), whole, stick, "new.tar", data)
	if err != nil || written.Path != stick+"/new.tar" || written.Digest != metadata.Sum(data) || written.Size != int64(len(data)) {
		t.Fatalf("got %+v, %v", written, err)
	}
	for step := 1; step <= whole.step; step++ {
		cut := withStick("old")
		cut.cutAt = step
		if _, err := export(context.Background(), cut, stick, "new.tar", data); err == nil {
			t.Errorf("cut %d was not noticed", step)
		}
		for how, survive := range survivals() {
			after := survive(cut)
			if b, err := after.ReadFile(stick + "/new.tar"); err == nil && !bytes.Equal(b, data) {
				t.Errorf("cut %d, %s: %d bytes of %d are there under the name", step, how, len(b), len(data))
			}
			if b, err := after.ReadFile(stick + "/old.tar"); err != nil || string(b) != "old" {
				t.Errorf("cut %d, %s: another file was touched", step, how)
			}
		}
		for _, fault := range []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS, syscall.ENODEV} {
			failing := withStick("old")
			failing.failAt, failing.err = step, fault
			if _, err := export(context.Background(), failing, stick, "new.tar", data); !errors.Is(err, fault) {
				t.Errorf("%v in step %d: got %v", fault, step, err)
			}
			if _, err := export(context.Background(), failing, stick, "new.tar", data); err != nil {
				t.Errorf("%v in step %d: trying again does not help: %v", fault, step, err)
			}
			if got := failing.visible(t, stick); len(got) != 2 {
				t.Errorf("%v in step %d left %q", fault, step, got)
			}
		}
	}
	for how, survive := range survivals() {
		if b, err := survive(whole).ReadFile(stick + "/new.tar"); err != nil || !bytes.Equal(b, data) {
			t.Errorf("%s: it was called written, and is not: %v", how, err)
		}
	}
}
