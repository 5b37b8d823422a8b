package terminal

import (
	"strings"

	"charm.land/lipgloss/v2"

	"github.com/conclave-tuf/conclave/ui/page"
	_ "github.com/conclave-tuf/conclave/ui/terminal/internal/untmux" // before lipgloss
)

// styleOf is how a terminal draws a look. Text stands in the terminal's own
// colour or on a band that sets both colours, so its contrast never depends on
// the theme; the colours are of the 16 that the terminal itself defines.
func styleOf(l page.Look) lipgloss.Style {
	s := lipgloss.NewStyle()
	switch l {
	case page.Bold, page.Here:
		return s.Bold(true)
	case page.Bar, page.Mark:
		return s.Foreground(lipgloss.Black).Background(lipgloss.Cyan)
	case page.Warn:
		return s.Foreground(lipgloss.Black).Background(lipgloss.BrightYellow)
	case page.Alarm:
		return s.Bold(true).Foreground(lipgloss.BrightWhite).Background(lipgloss.Red)
	case page.Watermark:
		return s.Bold(true).Foreground(lipgloss.BrightWhite).Background(lipgloss.Magenta)
	case page.Quiet:
		return s.Foreground(lipgloss.BrightBlack)
	}
	return s
}

func draw(rows []page.Line) string {
	var b strings.Builder
	for i, l := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, s := range l {
			b.WriteString(styleOf(s.Look).Render(s.Text))
		}
	}
	return b.String()
}
