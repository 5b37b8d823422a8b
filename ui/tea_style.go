package ui

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// styleOf is how a terminal draws a look. Text stands in the terminal's own
// colour or on a band that sets both colours, so its contrast never depends on
// the theme; the colours are of the 16 that the terminal itself defines.
func styleOf(l look) lipgloss.Style {
	s := lipgloss.NewStyle()
	switch l {
	case strong, here:
		return s.Bold(true)
	case bar, mark:
		return s.Foreground(lipgloss.Black).Background(lipgloss.Cyan)
	case warn:
		return s.Foreground(lipgloss.Black).Background(lipgloss.BrightYellow)
	case alarm:
		return s.Bold(true).Foreground(lipgloss.BrightWhite).Background(lipgloss.Red)
	case watered:
		return s.Bold(true).Foreground(lipgloss.BrightWhite).Background(lipgloss.Magenta)
	case quiet:
		return s.Foreground(lipgloss.BrightBlack)
	}
	return s
}

func draw(rows []line) string {
	var b strings.Builder
	for i, l := range rows {
		if i > 0 {
			b.WriteByte('\n')
		}
		for _, s := range l {
			b.WriteString(styleOf(s.look).Render(s.text))
		}
	}
	return b.String()
}
