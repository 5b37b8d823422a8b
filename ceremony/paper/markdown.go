package paper

import (
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// Markdown renders the paper as CommonMark with GitHub's tables.
func (p *Paper) Markdown() []byte {
	parts := []string{"# " + markdownText(p.Title)}
	if p.Rehearsal {
		parts = append(parts, Emphasis(notice).markdown())
	}
	for _, b := range p.blocks {
		parts = append(parts, b.markdown())
	}
	if p.Rehearsal {
		parts = append(parts, Emphasis(notice).markdown())
	}
	return []byte(strings.Join(parts, "\n\n") + "\n")
}

func (h Heading) markdown() string {
	return strings.Repeat("#", h.Level) + " " + markdownText(h.Text)
}

func (p Paragraph) markdown() string { return markdownText(string(p)) }

func (e Emphasis) markdown() string { return "**" + markdownText(string(e)) + "**" }

// markdown fences the lines with more backticks than any of them holds.
func (v Verbatim) markdown() string {
	text := SafeLines(string(v))
	run, longest := 0, 2
	for _, r := range text {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	return fence + "\n" + text + "\n" + fence
}

func (t Table) markdown() string {
	columns := t.columns()
	lines := []string{
		markdownRow(filled(t.Head, columns)),
		strings.Repeat("| --- ", columns) + "|",
	}
	for _, row := range t.Rows {
		lines = append(lines, markdownRow(filled(row, columns)))
	}
	return strings.Join(lines, "\n")
}

func markdownRow(cells []string) string {
	var b strings.Builder
	for _, cell := range cells {
		b.WriteString("| ")
		if cell != "" {
			b.WriteString(markdownText(cell) + " ")
		}
	}
	return b.String() + "|"
}

const maxListNumber = 9 // digits that can number a list (CommonMark 0.31, 5.2)

// markdownText writes s so that a CommonMark reader shows exactly Safe(s): what
// could begin or end anything is escaped, wherever in a line the text may stand.
func markdownText(s string) string {
	s = text.Safe(s)
	var b strings.Builder
	for i, r := range s {
		before, after := s[:i], s[i+len(string(r)):]
		switch {
		case strings.ContainsRune("&<>|", r):
			b.WriteString(entity(r)) // readers differ about a backslash before these
		case r == ' ' && (before == "" || after == ""):
			b.WriteString("&#32;")
		case strings.ContainsRune("\\`*_[]{}~$#@", r),
			before == "" && strings.ContainsRune("+-=:", r),
			(r == '.' || r == ')') && before != "" && len(before) <= maxListNumber && strings.Trim(before, "0123456789") == "",
			r == ':' && strings.HasPrefix(after, "//"),
			r == '.' && strings.EqualFold(before[max(0, len(before)-3):], "www"):
			b.WriteRune('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func entity(r rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	}
	return "&#124;" // the border of a table's cell
}

// SafeLines is Safe line by line.
func SafeLines(s string) string {
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	for i, line := range lines {
		lines[i] = text.Safe(line)
	}
	return strings.Join(lines, "\n")
}
