package paper

import (
	"fmt"
	"html"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// The page is well-formed XML too. It fetches nothing and runs nothing, and a
// reader that obeys the policy would not let it.
const (
	htmlHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
<title>%s</title>
<style>%s</style>
</head>
<body%s>
`
	htmlStyle = `
body { font: 11pt/1.4 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #000; background: #fff }
h1, h2, h3 { line-height: 1.2; break-after: avoid }
table { border-collapse: collapse; width: 100%; margin: .5em 0 1.5em }
tr { break-inside: avoid }
th, td { border: 1px solid #000; padding: .25em .5em; text-align: left; vertical-align: top; overflow-wrap: anywhere }
td.pen { min-width: 6em; height: 2.2em }
p.emphasis { border: 3px solid #000; padding: .5em; font-weight: bold }
pre { border: 1px solid #000; padding: .5em; white-space: pre-wrap; overflow-wrap: anywhere }
body.rehearsal::after { content: "REHEARSAL"; position: fixed; top: 40%; left: 5%; font-size: 15vw; opacity: .08; transform: rotate(-30deg); pointer-events: none }
@media print { body { margin: 0; max-width: none } }
@page { margin: 18mm }
`
)

// HTML renders the paper as one page that needs nothing else and can be printed.
func (p *Paper) HTML() []byte {
	var b strings.Builder
	class := ""
	if p.Rehearsal {
		class = ` class="rehearsal"`
	}
	fmt.Fprintf(&b, htmlHead, htmlText(p.Title), htmlStyle, class)
	b.WriteString("<h1>" + htmlText(p.Title) + "</h1>\n")
	if p.Rehearsal {
		b.WriteString(Emphasis(notice).html())
	}
	for _, block := range p.blocks {
		b.WriteString(block.html())
	}
	if p.Rehearsal {
		b.WriteString(Emphasis(notice).html())
	}
	b.WriteString("</body>\n</html>\n")
	return []byte(b.String())
}

func (h Heading) html() string {
	return fmt.Sprintf("<h%d>%s</h%[1]d>\n", h.Level, htmlText(h.Text))
}

func (p Paragraph) html() string { return "<p>" + htmlText(string(p)) + "</p>\n" }

func (e Emphasis) html() string {
	return `<p class="emphasis">` + htmlText(string(e)) + "</p>\n"
}

func (v Verbatim) html() string {
	return "<pre>" + html.EscapeString(SafeLines(string(v))) + "</pre>\n"
}

func (t Table) html() string {
	var b strings.Builder
	columns := t.columns()
	b.WriteString("<table>\n")
	if t.Head != nil {
		b.WriteString("<tr>")
		for _, cell := range filled(t.Head, columns) {
			b.WriteString("<th>" + htmlText(cell) + "</th>")
		}
		b.WriteString("</tr>\n")
	}
	for _, row := range t.Rows {
		b.WriteString("<tr>")
		for _, cell := range filled(row, columns) {
			if cell == "" {
				b.WriteString(`<td class="pen"></td>`)
				continue
			}
			b.WriteString("<td>" + htmlText(cell) + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table>\n")
	return b.String()
}

func htmlText(s string) string { return html.EscapeString(text.Safe(s)) }
