package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/client"
	"github.com/conclave-tuf/conclave/cmd/conclave-upload/internal/publish"
	"github.com/conclave-tuf/conclave/cmd/internal/cli"
)

// row is the cells of one line of a report, its name first.
type row []string

// report prints value as JSON where that was asked for, else the rows.
func (p *program) report(value any, rows []row) error {
	return cli.Report(p.stdout, p.format, value, func(out io.Writer) error {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			for i, cell := range r {
				if i > 0 {
					fmt.Fprint(w, "\t")
				}
				fmt.Fprint(w, text.Safe(cell))
			}
			fmt.Fprintln(w)
		}
		return w.Flush()
	})
}

// progress prints one line a step, above the bar if one is shown. Requests that
// are under way at once may do so.
func (p *program) progress(line string) { p.bar().line(line) }

// reportResult says what is live at ref now, and how that came about.
func (p *program) reportResult(ref, how string, result *publish.Result) error {
	if result.Unchanged {
		how = "unchanged"
	}
	return p.report(struct {
		Reference string `json:"reference"`
		*publish.Result
	}{ref, result}, append(append([]row{{how, ref}, {"head", result.Head.OCI()}}, beginRows(result.Begins)...), roleRows(result.Roles)...))
}

// beginRows says with which root each client begins.
func beginRows(begins []client.Begin) []row {
	if len(begins) == 0 {
		return nil
	}
	return []row{{"begins", client.Beginning(begins)}}
}

func roleRows(roles []client.Role) []row {
	var rows []row
	for _, r := range roles {
		rows = append(rows, row{r.Name, fmt.Sprint(r.Version), "expires " + r.Expires.UTC().Format(time.RFC3339)})
	}
	return rows
}

func targetRows(word string, targets []client.Target) []row {
	var rows []row
	for _, t := range targets {
		sum := "sha256:" + t.SHA256
		if t.SHA256 == "" {
			sum = "sha512:" + t.SHA512
		}
		rows = append(rows, row{word, t.Path, fmt.Sprintf("%s  %d bytes", sum, t.Length)})
	}
	return rows
}
