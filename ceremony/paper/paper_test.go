package paper

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/text"
)

// hostileTexts try to become something else than text.
func hostileTexts() []string {
	return []string{
		"", " ", "  two", "Ada | Bo", "a\n# heading", "a\r\n\r\n- item", "```", "~~~", "````\n# out", "`code`",
		"# heading", "## heading ##", "- item", "+ item", "* item", "1. item", "12345) item", "> quote", "=====", "---", "***", "___",
		"<script>alert(1)</script>", "</td></tr></table><h1>", "<!-- -->", "<![CDATA[", "&lt;b&gt;", "&#124;", "-->", "javascript:alert(1)",
		"[link](https://example.org)", "![image](x.png)", "[ref]: https://example.org", "https://example.org", "www.example.org", "a@example.org",
		"<https://example.org>", "\\| \\", "\\", "trailing\\", "$x$", "$$", "~~gone~~", "**bold**", "_it_", "| --- |", ":---", "[ ] box", "\"'",
		"\x1b[2J", "\u202etxt", "\u009b31m", "\x00", "\xff", "Zoë 日本", strings.Repeat("`", 200), "    indented code", "\tindented code",
	}
}

// TestMarkdownText: a reader of Markdown shows what Safe shows, and nothing in
// it is left that could mean anything.
func TestMarkdownText(t *testing.T) {
	for _, s := range hostileTexts() {
		checkMarkdownText(t, s)
	}
}

func FuzzMarkdownText(f *testing.F) {
	for _, s := range hostileTexts() {
		f.Add(s)
	}
	f.Fuzz(checkMarkdownText)
}

func checkMarkdownText(t *testing.T, s string) {
	t.Helper()
	written := markdownText(s)
	raw, meaning := readMarkdown(written)
	if raw != text.Safe(s) {
		t.Errorf("%q is written as %q, which reads %q", s, written, raw)
	}
	if meaning != "" {
		t.Errorf("%q is written as %q, with a bare %q", s, written, meaning)
	}
	if strings.HasPrefix(written, " ") || strings.HasSuffix(written, " ") {
		t.Errorf("%q is written as %q: a blank at the end may mean something", s, written)
	}
}

// readMarkdown takes escapes and entities out of a line of CommonMark, and
// returns what in it is left bare that could have a meaning.
func readMarkdown(line string) (text, bare string) {
	entities := map[string]string{"&amp;": "&", "&lt;": "<", "&gt;": ">", "&#124;": "|", "&#32;": " "}
	var b strings.Builder
next:
	for i := 0; i < len(line); i++ {
		for entity, r := range entities {
			if strings.HasPrefix(line[i:], entity) {
				b.WriteString(r)
				i += len(entity) - 1
				continue next
			}
		}
		switch c := line[i]; {
		case c == '\\' && i+1 < len(line):
			i++
			b.WriteByte(line[i])
			continue
		case strings.IndexByte("\\`*_[]{}<>|~$#&\n\r", c) >= 0,
			i == 0 && strings.IndexByte("+-=:", c) >= 0,
			c == ':' && strings.HasPrefix(line[i:], "://"),
			(c == '.' || c == ')') && i > 0 && i <= maxListNumber && strings.Trim(line[:i], "0123456789") == "":
			bare += string(c)
		}
		b.WriteByte(line[i])
	}
	return b.String(), bare
}

// TestPaperKeepsItsShape: whatever the texts of a paper are, both forms have
// the same headings, tables and cells.
func TestPaperKeepsItsShape(t *testing.T) {
	for _, s := range hostileTexts() {
		checkShape(t, s)
	}
}

func FuzzPaper(f *testing.F) {
	for _, s := range hostileTexts() {
		f.Add(s)
	}
	f.Fuzz(checkShape)
}

func checkShape(t *testing.T, s string) {
	t.Helper()
	paperOf := func(s string) *Paper {
		p := &Paper{Title: s, Rehearsal: true}
		p.Add(Heading{2, s}, Paragraph(s), Emphasis(s), Verbatim(s), FactTable([2]string{s, s}, [2]string{"box", ""}),
			Table{Head: []string{s, "initials"}, Rows: [][]string{{s}, {s, s}}}, Paragraph("the end"))
		return p
	}
	got, want := paperOf(s), paperOf("x")
	if a, b := markdownShape(got.Markdown()), markdownShape(want.Markdown()); a != b {
		t.Errorf("%q changes the Markdown:\n%s\ninstead of\n%s", s, got.Markdown(), want.Markdown())
	}
	a, raw := htmlShape(t, got.HTML())
	if b, _ := htmlShape(t, want.HTML()); a != b {
		t.Errorf("%q changes the page:\n%s", s, got.HTML())
	}
	if !strings.Contains(raw, text.Safe(s)) {
		t.Errorf("the page does not say %q", text.Safe(s))
	}
}

// markdownShape is what each line is, with the borders of its cells. What is
// fenced is one thing.
func markdownShape(text []byte) string {
	var shape strings.Builder
	fence := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch ticks := len(line) - len(strings.TrimLeft(line, "`")); {
		case fence != "":
			if line == fence {
				fence = ""
				shape.WriteString("fenced\n")
			}
		case ticks >= 3:
			fence = line
		default:
			hashes := len(line) - len(strings.TrimLeft(line, "#"))
			cells := strings.Count(line, "|")
			shape.WriteString(strings.Repeat("#", hashes) + strings.Repeat("|", cells) + "\n")
		}
	}
	return shape.String() + fence
}

// htmlShape reads the page as the XML that it is too, strictly.
func htmlShape(t *testing.T, page []byte) (shape, text string) {
	t.Helper()
	allowed := " html head meta title style body h1 h2 h3 p pre table tr th td "
	var elements, words strings.Builder
	dec := xml.NewDecoder(strings.NewReader(string(page)))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return elements.String(), words.String()
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !strings.Contains(allowed, " "+token.Name.Local+" ") {
				t.Errorf("the page has an element %s", token.Name.Local)
			}
			elements.WriteString("<" + token.Name.Local + ">")
		case xml.EndElement:
			elements.WriteString("</" + token.Name.Local + ">")
		case xml.CharData:
			words.Write(token)
		case xml.Comment, xml.ProcInst:
			t.Errorf("the page holds %T", token)
		}
	}
}
