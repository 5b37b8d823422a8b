//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkHostileFiles gives the program what strangers could lay on a stick,
// and prints how long it takes to refuse each and how much memory at its peak,
// beside what may be read of it. Every one has to be refused. The floor is what
// the program takes for a file that is not there.
func BenchmarkHostileFiles(b *testing.B) {
	dir := b.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	must(os.WriteFile(at("plan.yaml"), samplePlan, 0o600))
	for _, pipe := range []string{"online.pub", "pipe.json", "pipe.tar", "pipe.pem"} {
		must(syscall.Mkfifo(at(pipe), 0o600))
	}
	must(os.WriteFile(at("deep.yaml"), bytes.Repeat([]byte("["), 48<<10), 0o600))
	must(os.Mkdir(at("sparse"), 0o700))
	for i := range 60 {
		name := at(fmt.Sprintf("sparse/%d.root.json", i))
		must(os.WriteFile(name, nil, 0o600))
		must(os.Truncate(name, maxMetadataFile))
	}
	// What is large is not made in memory: a child's peak begins with its parent's.
	write := func(name string, write func(w *bufio.Writer)) {
		f, err := os.Create(at(name))
		must(err)
		w := bufio.NewWriter(f)
		write(w)
		must(w.Flush())
		must(f.Close())
	}
	unsorted := func(name string, fields, pad int, key string) {
		write(name, func(w *bufio.Writer) {
			before := "{"
			for i := range fields {
				fmt.Fprintf(w, `%s"%s`+key+`":0`, before, strings.Repeat("x", pad), fields-i)
				before = ","
			}
			w.WriteByte('}')
		})
	}
	unsorted("many.json", 4_000_000, 2, "%08d")
	unsorted("long.json", 1_200_000, 37, "%08d")
	unsorted("escaped.json", 1_200_000, 29, `\"%08d\u0041`)
	write("nested.json", func(w *bufio.Writer) {
		w.WriteString(strings.Repeat(`{"b":`, 60) + `"`)
		for range 60_000 {
			w.WriteString(strings.Repeat("x", 1000))
		}
		w.WriteString(`"` + strings.Repeat(`,"a":1}`, 60))
	})

	for _, args := range []string{
		"inspect nothing.json",
		"script plan.yaml", "script deep.yaml", "inspect sparse", "status sparse",
		"inspect many.json", "inspect long.json", "inspect escaped.json", "inspect nested.json", "status long.json",
		"inspect pipe.json", "script pipe.tar", "record pipe.tar", "attestation pipe.pem pipe.pem",
	} {
		b.Run(args, func(b *testing.B) {
			var peak int64
			start := time.Now()
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), "conclave", strings.Fields(args)...)
				cmd.Dir = dir
				if said, err := cmd.CombinedOutput(); err == nil || !bytes.Contains(said, []byte("error:")) {
					b.Fatalf("%v\n%s", err, said)
				}
				peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
			}
			if runtime.GOOS != "darwin" {
				peak <<= 10 // it is in KiB there
			}
			b.ReportMetric(time.Since(start).Seconds()/float64(b.N), "s/op")
			b.ReportMetric(float64(peak)/(1<<20), "MiB-peak")
			b.ReportMetric(0, "ns/op")
		})
	}
}
