package terminal

import (
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ui/page"
)

// model is the root model: the page that is asked, and what the person has
// done to it so far.
type model struct {
	ascii         bool
	now           func() time.Time
	width, height int

	asked   askMsg
	open    bool // asked may still be answered; otherwise keys do nothing
	choice  int  // the one at the cursor
	typed   int  // digits typed towards a number above 9
	input   *input
	scroll  int    // first body line on the screen
	read    bool   // the end of the body was on the screen
	notice  string // a sentence about the last key
	over    overlay
	seconds int  // of waiting
	stop    bool // the person cancelled the wait
	ended   bool // there is no more input

	pace    pace
	lastKey string
	lastAt  time.Time
	fresh   bool  // no key was taken since the page came
	going   *byte // the last key, if it goes on

	laid laid
	list browse
}

// laid is the body as it was last set: that of a long review takes a while.
type laid struct {
	width int // 0: not set
	over  overlay
	lines []page.Line
}

type overlay int

const (
	noOverlay overlay = iota
	helping
	leaving
)

func newModel(ascii bool, now func() time.Time) *model {
	return &model{ascii: ascii, now: now, input: newInput(false)}
}

func (m *model) Init() tea.Cmd { return nil }

func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.settle()
	case askMsg:
		return m, m.take(msg)
	case withdrawMsg:
		m.input.wipe()
		m.open, m.over = false, noOverlay
	case shownMsg:
		if m.waiting() && msg.of == m.asked.shown {
			close(m.asked.shown)
			return m, second(m.asked.shown)
		}
	case secondMsg:
		if m.waiting() && msg.of == m.asked.shown {
			m.seconds++
			return m, second(m.asked.shown)
		}
	case endedMsg:
		m.ended = true
		m.leave()
	case tea.PasteMsg:
		m.burst()
	case tea.KeyPressMsg:
		m.press(msg)
		if m.going != nil {
			return m, m.goOn()
		}
	case goMsg:
		if m.open && m.going == msg.by {
			m.answer(answer{})
		}
	}
	return m, nil
}

func (m *model) waiting() bool { return m.open && m.asked.kind == waiting }

// alone is how long a key that goes on has to stay the last one: a token that
// is touched too early types letters, and mostly this one first.
const alone = 60 * time.Millisecond

func (m *model) goOn() tea.Cmd {
	by := m.going
	return tea.Tick(alone, func(time.Time) tea.Msg { return goMsg{by} })
}

// frames is long enough for the renderer, which draws 60 times a second, to
// have drawn a page.
const frames = 50 * time.Millisecond

func second(of chan struct{}) tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return secondMsg{of} })
}

// take puts a page on the screen.
func (m *model) take(a askMsg) tea.Cmd {
	m.input.wipe()
	m.input.hidden = a.kind == hiding
	m.asked, m.open, m.laid = a, true, laid{}
	m.choice, m.typed, m.notice, m.over, m.going = 0, 0, "", noOverlay, nil
	m.seconds, m.stop, m.fresh, m.read = 0, false, true, false
	m.list = browse{}
	m.scroll = 0
	if a.page.Problem == nil {
		m.scroll = m.frame().now
	}
	m.settle()
	if m.ended {
		m.leave()
	}
	if a.kind != waiting {
		return nil
	}
	return tea.Tick(frames, func(time.Time) tea.Msg { return shownMsg{a.shown} })
}

// settle keeps the scroll position inside of the body, and notes its end. Where
// the way on then takes less room than what held it back, more of the body is
// shown at once, and not only at the next key.
func (m *model) settle() {
	for {
		f := m.frame()
		if m.list.open {
			m.look(f)
			return
		}
		m.scroll = max(0, min(m.scroll, len(f.body)-f.rows))
		if m.read || m.width == 0 || !f.fits || m.scroll+f.rows < len(f.body) {
			return
		}
		m.read = true
	}
}

// scrolls says whether the arrow keys move the text.
func (m *model) scrolls() bool { return m.asked.kind == telling || !m.ready() }

// ready says whether the page may be answered.
func (m *model) ready() bool { return m.read || !m.asked.page.ReadAll }

func (m *model) answer(a answer) {
	m.asked.reply <- a
	m.open, m.over, m.going = false, noOverlay, nil
}

// leave ends the conversation, whatever was asked.
func (m *model) leave() {
	m.input.wipe()
	switch {
	case m.waiting():
		m.stop = true
		m.asked.cancel()
	case m.open:
		m.answer(answer{err: page.ErrQuit})
	}
}

// press is a key. What comes while nothing is asked is dropped.
func (m *model) press(k tea.KeyPressMsg) {
	key, now := k.String(), m.now()
	held := m.fresh && key == m.lastKey && now.Sub(m.lastAt) < burstQuiet
	m.lastKey, m.lastAt, m.going = key, now, nil
	burst := m.pace.key(now)
	if !m.open || held {
		return // a key still held down from the page before answers nothing
	}
	m.fresh = false
	if burst {
		m.burst()
		return
	}
	if key == "ctrl+c" {
		m.interrupt()
		return
	}
	over, fits := m.over, m.frame().fits
	m.over = noOverlay
	switch {
	case over == leaving && key == "l":
		m.leave()
		return
	case over != noOverlay || m.asked.kind == waiting || !fits:
		return
	}
	m.notice = ""
	if m.browses(key, k) {
		m.settle()
		return
	}
	switch key {
	case "esc":
		m.back()
	case "pgdown", "pgup":
		m.turn(key)
	case "f1":
		m.help()
	case "ctrl+n":
		m.note()
	default:
		m.reply(key, k)
	}
	m.settle()
}

func (m *model) interrupt() {
	switch {
	case m.asked.kind == waiting:
		m.stop = true
		m.asked.cancel()
	case m.over == leaving:
		m.over = noOverlay
	default:
		m.over = leaving
	}
}

func (m *model) back() {
	m.input.wipe()
	if m.asked.page.NoBack != "" {
		m.notice = m.asked.page.NoBack
		return
	}
	m.answer(answer{err: page.ErrBack})
}

// turn moves by a screenful, less one line to hold on to.
func (m *model) turn(key string) {
	by := max(1, m.frame().rows-1)
	if key == "pgup" {
		by = -by
	}
	m.scroll += by
}

func (m *model) help() {
	if len(m.asked.page.Help) > 0 {
		m.over = helping
	}
}

// note leaves the page for a note.
func (m *model) note() {
	if m.asked.page.Notes {
		m.input.wipe()
		m.answer(answer{err: page.ErrNote})
	}
}

// reply is a key that may answer the page.
func (m *model) reply(key string, k tea.KeyPressMsg) {
	switch {
	case m.asked.kind == typing || m.asked.kind == hiding:
		m.typeKey(key, k)
	case key == "?":
		m.help()
	case key == "up" && m.scrolls():
		m.scroll--
	case key == "down" && m.scrolls():
		m.scroll++
	case !m.ready():
		m.notice = "There is more to read first: Page Down."
	case m.asked.kind == telling && key == "c":
		m.going = new(byte)
	case m.asked.kind == choosing:
		m.chooseKey(key)
	}
}

func (m *model) chooseKey(key string) {
	n := len(m.asked.choices)
	digit, err := strconv.Atoi(key)
	switch {
	case n == 0:
	case key == "up":
		m.choice = (m.choice + n - 1) % n
	case key == "down":
		m.choice = (m.choice + 1) % n
	case key == "enter":
		m.answer(answer{key: m.asked.choices[m.choice].Key})
	case err != nil:
	case n <= 9 && digit >= 1 && digit <= n:
		m.answer(answer{key: m.asked.choices[digit-1].Key})
	case n > 9:
		if m.typed = m.typed*10 + digit; m.typed > n {
			m.typed = digit
		}
		if m.typed >= 1 {
			m.choice = m.typed - 1
		}
	}
}

func (m *model) typeKey(key string, k tea.KeyPressMsg) {
	switch {
	case !m.ready():
		m.notice = "There is more to read first: Page Down."
	case key == "enter":
		m.submit()
	case key == "backspace":
		m.input.backspace()
	case key == "ctrl+u":
		m.input.wipe()
	case key == "?" && m.asked.kind == typing && len(m.input.buf) == 0:
		m.help()
	case k.Text != "" && !strings.ContainsAny(k.Text, "\r\n"):
		m.input.add(k.Text)
	}
}

// burst is what no fingers typed.
func (m *model) burst() {
	if !m.open || m.asked.kind == waiting {
		return
	}
	m.input.wipe()
	m.notice = "That was not typed: a paste, or a token touched too early. Nothing was taken. Please type it."
}

func (m *model) submit() {
	typed := m.input.buf
	if m.asked.kind == typing {
		typed = []byte(strings.TrimSpace(string(typed)))
	}
	if len(typed) == 0 {
		m.notice = "Nothing was typed yet."
		return
	}
	if err := m.asked.field.Check(typed); err != nil {
		m.input.wipe()
		m.notice = text.Sentence(err.Error())
		return
	}
	own := append(make([]byte, 0, len(typed)), typed...)
	m.input.wipe()
	m.answer(answer{text: own})
}
