package review

import (
	"fmt"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/text"
)

// exact is Safe for texts whose every difference must be seen: no two of them
// come out the same, on whatever line of whatever width they are set. A
// backslash that is meant is doubled, so that no name poses as an escape;
// blanks that the setting of lines would lose are escaped, and so are arrows,
// which stand between before and after.
func exact(s string) string {
	return text.Safe(seen(strings.ReplaceAll(s, `\`, `\\`), `\x20`))
}

// exactPath is exact for paths, which are listed with blanks between them.
func exactPath(s string) string {
	return text.Safe(strings.ReplaceAll(seen(strings.ReplaceAll(s, `\`, `\\`), `\x20`), " ", `\x20`))
}

// exactJSON is exact for compact JSON, which has escapes of its own and stays
// what it says. What is longer than anybody reads is cut: its SHA-256 stands
// for the rest.
func exactJSON(raw []byte) string {
	const most, shown = 2000, 400 // bytes
	if len(raw) > most {
		return fmt.Sprintf("%s... (%d bytes, SHA-256 %s)", exactJSON(raw[:shown]), len(raw), metadata.Sum(raw))
	}
	return text.Safe(seen(string(raw), `\u0020`))
}

// breakable is how long words may be together before a screen breaks one of
// them in the middle, where a blank would be lost.
const breakable = 30 // bytes

// seen escapes the blanks and arrows of s that a person could not make out.
func seen(s, blank string) string {
	if !strings.ContainsAny(s, " →-") {
		return s
	}
	s = strings.ReplaceAll(s, "→", `\u2192`)
	if !strings.Contains(s, " ") {
		return s
	}
	words := strings.Split(s, " ")
	var b strings.Builder
	b.WriteString(words[0])
	for i, next := range words[1:] {
		before := words[i]
		if before == "" || next == "" || strings.HasPrefix(next, "->") || len(before)+len(next) > breakable {
			b.WriteString(blank)
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(next)
	}
	return b.String()
}

// quoted is exact in quotation marks.
func quoted(s string) string { return `"` + exact(s) + `"` }

// maxListed is how many items a person reads at a stretch.
const maxListed = 20

// listFacts say a list: in one line, or where it is too long for that, item by
// item. The SHA-256 of the whole stands for the order then.
func listFacts(field string, items []string) []fact {
	whole := strings.Join(items, " ")
	if len(items) <= maxListed {
		return []fact{{field: field, value: whole}}
	}
	list := []fact{{field: field, value: fmt.Sprintf("%d, one by one below; SHA-256 of the list %s", len(items), metadata.Sum([]byte(whole)))}}
	for _, item := range items {
		list = append(list, fact{field: field + " " + item, value: "listed"})
	}
	return list
}
