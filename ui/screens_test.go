package ui_test

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The size of a character, in pixels.
const (
	cellWidth, cellHeight = 11, 22
	fontSize              = 18
	baseline              = 16
	border                = 22
)

// png draws the screen as a picture, in the 16 colours of a common terminal.
func (e *emulated) png(path string) {
	e.t.Helper()
	faces := map[bool]font.Face{false: face(e, gomono.TTF), true: face(e, gomonobold.TTF)}
	e.mu.Lock()
	defer e.mu.Unlock()
	w, h := e.vt.Width()*cellWidth+2*border, e.vt.Height()*cellHeight+2*border
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	fill(img, img.Bounds(), background)
	for y := range e.vt.Height() {
		for x := 0; x < e.vt.Width(); {
			cell := e.vt.CellAt(x, y)
			if cell == nil {
				x++
				continue
			}
			box := image.Rect(0, 0, cellWidth*max(1, cell.Width), cellHeight).Add(image.Pt(border+x*cellWidth, border+y*cellHeight))
			fill(img, box, shade(cell.Style.Bg, background))
			letter(img, faces[cell.Style.Attrs&boldAttr != 0], box, cell.Content, shade(cell.Style.Fg, foreground))
			x += max(1, cell.Width)
		}
	}
	if at := e.vt.CursorPosition(); !e.vt.CursorHidden() {
		x, y := border+at.X*cellWidth, border+at.Y*cellHeight
		fill(img, image.Rect(x, y+cellHeight-4, x+cellWidth, y+cellHeight-1), palette[6])
	}
	f, err := os.Create(path)
	if err != nil {
		e.t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		e.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		e.t.Fatal(err)
	}
}

func face(e *emulated, ttf []byte) font.Face {
	parsed, err := opentype.Parse(ttf)
	if err != nil {
		e.t.Fatal(err)
	}
	f, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: fontSize, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		e.t.Fatal(err)
	}
	return f
}

const boldAttr = 1 // of a cell's style

func letter(img *image.RGBA, f font.Face, box image.Rectangle, content string, c color.Color) {
	switch content {
	case "", " ":
	case "─": // drawn, so that it has no gaps
		middle := box.Min.Y + cellHeight/2
		fill(img, image.Rect(box.Min.X, middle, box.Max.X, middle+1), c)
	default:
		d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: f, Dot: fixed.P(box.Min.X, box.Min.Y+baseline)}
		d.DrawString(content)
	}
}

func fill(img *image.RGBA, r image.Rectangle, c color.Color) {
	draw.Draw(img, r, image.NewUniform(c), image.Point{}, draw.Src)
}

func shade(c, otherwise color.Color) color.Color {
	switch c := c.(type) {
	case nil:
		return otherwise
	case ansi.BasicColor:
		return palette[c]
	}
	return c
}

var (
	background = color.RGBA{0x14, 0x17, 0x1c, 0xff}
	foreground = color.RGBA{0xd8, 0xdc, 0xe2, 0xff}

	// palette is xterm's, as most terminals come with it.
	palette = [16]color.RGBA{
		{0x00, 0x00, 0x00, 0xff}, {0xcd, 0x00, 0x00, 0xff}, {0x00, 0xcd, 0x00, 0xff}, {0xcd, 0xcd, 0x00, 0xff},
		{0x00, 0x00, 0xee, 0xff}, {0xcd, 0x00, 0xcd, 0xff}, {0x00, 0xcd, 0xcd, 0xff}, {0xe5, 0xe5, 0xe5, 0xff},
		{0x7f, 0x7f, 0x7f, 0xff}, {0xff, 0x00, 0x00, 0xff}, {0x00, 0xff, 0x00, 0xff}, {0xff, 0xff, 0x00, 0xff},
		{0x5c, 0x5c, 0xff, 0xff}, {0xff, 0x00, 0xff, 0xff}, {0x00, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xff},
	}
)

// TestScreens draws every golden screen; the other tests compare them.
func TestScreens(t *testing.T) {
	if *screens == "" {
		t.Skip("no directory to draw into: -screens DIR")
	}
	for name, test := range map[string]func(*testing.T){
		"founding":       TestFoundInATerminal,
		"wrong token":    TestWrongTokenNeverGetsAPIN,
		"wrong PIN":      TestWrongPINStopsBeforeTheLastTry,
		"blocked PIN":    TestBlockedPINIsUnblocked,
		"left blocked":   TestBlockedPINIsLeftBlocked,
		"wrong PUK":      TestWrongPUKStopsBeforeTheLastTry,
		"no unblocking":  TestTokenThatCannotBeUnblocked,
		"interrupted":    TestInterruptedEnrolmentGoesOn,
		"another token":  TestAnotherTokenInsteadOfAnInterruptedOne,
		"strangers":      TestTokensThatAreNotDue,
		"not to enrol":   TestTokensThatAreNotEnrolled,
		"trouble":        TestWhatGoesWrongAtTheToken,
		"signed already": TestTokenThatHasSignedAlready,
		"resume":         TestResume,
		"export":         TestExportThatFailsLeavesEverything,
		"plan":           TestPlanWithAnError,
		"await":          TestTokenIsSeenWhenItComes,
		"plain looks":    TestASCIIWithoutColour,
		"small":          TestSmallTerminalIsToldSo,
		"review":         TestChangesAreShownBeforeAndAfter,
		"delegations":    TestReviewOfDelegations,
		"keyid":          TestReviewOfAKeyThatChangesUnderItsKeyid,
		"many targets":   TestManyTargetsInATerminal,
		"change":         TestChangeInATerminal,
		"adopt":          TestAdoptInATerminal,
		"conflict":       TestPeopleChooseBetweenTwoPayloads,
		"cancel":         TestCancelWhatIsFrozen,
		"lost":           TestLostTokenIsReplaced,
		"compromised":    TestCompromisedKeyGoesWithItsHolder,
		"too few":        TestTooFewTokens,
		"expired":        TestExpiryAndFastForward,
		"unblocking":     TestBlockedTokenOutsideOfASignature,
		"record":         TestHoldersSignTheRecord,
		"testimony":      TestTestimony,
		"notes":          TestNoteOnEveryPage,
		"drill":          TestDrill,
	} {
		t.Run(name, test)
	}
}
