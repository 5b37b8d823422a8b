package terminal

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/conclave-tuf/conclave/ui/page"
)

// styleOf is how a terminal draws a look. Text stands in the terminal's own
// colour or on a band that sets both colours, so its contrast never depends on
// the theme; the colours are of the 16 that the terminal itself defines.
func styleOf(l page.Look) ansi.Style {
	var s ansi.Style
	switch l {
	case page.Bold, page.Here:
		return s.Bold()
	case page.Bar, page.Mark:
		return s.ForegroundColor(ansi.Black).BackgroundColor(ansi.Cyan)
	case page.Warn:
		return s.ForegroundColor(ansi.Black).BackgroundColor(ansi.BrightYellow)
	case page.Alarm:
		return s.Bold().ForegroundColor(ansi.BrightWhite).BackgroundColor(ansi.Red)
	case page.Watermark:
		return s.Bold().ForegroundColor(ansi.BrightWhite).BackgroundColor(ansi.Magenta)
	case page.Quiet:
		return s.ForegroundColor(ansi.BrightBlack)
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
			b.WriteString(styleOf(s.Look).Styled(s.Text))
		}
	}
	return b.String()
}
