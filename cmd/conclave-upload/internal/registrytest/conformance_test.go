package registrytest_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/registrytest"
)

// TestConformance holds Modern against the official conformance program of the
// OCI distribution specification, at the version in go.mod. Nothing may fail
// but what the registry behind it does not do, and that is listed here.
func TestConformance(t *testing.T) {
	for name, c := range map[string]struct {
		host  func(testing.TB) string
		fails map[string]string // by the test's name: why
	}{
		"distribution 3": {func(t testing.TB) string { return registrytest.Embedded(t).Host() }, nil},
		"docker-registry": {registrytest.Debian, map[string]string{
			"sha256 blobs/chunked out-of-order/blob-patch-chunked":               "2.8 takes chunks in any order",
			"sha256 blobs/chunked out-of-order and put chunk/blob-patch-chunked": "2.8 takes chunks in any order",
			"sha256 blobs/range requests/range 500-0":                            "2.8 breaks off where it should refuse a range",
			"sha256 blobs/range requests/range 5000-10000":                       "2.8 breaks off where it should shorten a range",
			"invalid-digest-format/manifest-put":                                 "2.8 answers 500 to a digest that is none",
			"invalid-digest-format/manifest-get":                                 "2.8 answers 500 to a digest that is none",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			skipped := map[string]int{}
			for _, test := range conformance(t, registrytest.Modern(t, c.host(t))) {
				name := strings.TrimPrefix(test.Name, "OCI Conformance Test/")
				switch why, known := c.fails[name]; {
				case test.Status == "failure" && known:
					t.Logf("%s: not done: %s", name, why)
				case test.Status == "failure", test.Status == "error":
					t.Errorf("%s: %s", name, test.Why)
				case test.Status == "skipped":
					skipped[name[strings.LastIndexByte(name, '/')+1:]+": "+test.Why]++
				}
			}
			t.Logf("skipped: %v", skipped)
		})
	}
}

// outcome is one test of the conformance program's report, in JUnit's format.
type outcome struct {
	Name   string `xml:"name,attr"`
	Status string `xml:"status,attr"`
	Why    string `xml:"system-out"`
}

// conformance runs the program on the registry at host.
func conformance(t *testing.T, host string) []outcome {
	t.Helper()
	results := t.TempDir()
	c := exec.Command(registrytest.Tool(t, "go"), "tool", "conformance")
	c.Env = append(os.Environ(), "OCI_REGISTRY="+host, "OCI_TLS=disabled", "OCI_VERSION=1.1", "OCI_RESULTS_DIR="+results, "OCI_CONFIGURATION="+os.DevNull,
		"OCI_DATA_SHA512=false",           // both registries know blobs by their sha256 alone
		"OCI_DATA_NONDISTRIBUTABLE=false", // both refuse layers that are elsewhere, as they are set up
	)
	said, err := c.CombinedOutput()
	report, readErr := os.ReadFile(filepath.Join(results, "junit.xml"))
	if readErr != nil {
		t.Fatalf("%v: %v\n%s", readErr, err, said)
	}
	var suites struct {
		Suites []struct {
			Tests []outcome `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(report, &suites); err != nil {
		t.Fatal(err)
	}
	var all []outcome
	for _, suite := range suites.Suites {
		all = append(all, suite.Tests...)
	}
	if len(all) < 100 {
		t.Fatalf("it ran %d tests\n%s", len(all), said)
	}
	return all
}
