package ui_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/conclave-tuf/conclave/ceremony"
	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/journal"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ceremony/trust"
	"github.com/conclave-tuf/conclave/hsm"
	"github.com/conclave-tuf/conclave/hsm/virtual"
	"github.com/conclave-tuf/conclave/ui"
	"github.com/conclave-tuf/conclave/ui/page"
)

// site is one machine of a rehearsal, its clock standing still and its
// randomness known: every screen is the same each time.
type site struct {
	t      *testing.T
	disk   *journal.Memory
	drawer *virtual.Drawer
	touch  *finger
	stick  *stick
	random io.Reader
	now    time.Time
	built  time.Time // of the program; zero: not known
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func fixedClock() time.Time { return noon }

// newSite is a machine with a drawer that has a token for each holder of the
// plan, and one that is nobody's.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, disk: &journal.Memory{}, touch: &finger{}, stick: newStick(), random: rand.NewChaCha8([32]byte{7}), now: noon}
	var err error
	if s.drawer, err = virtual.OpenDrawer("", virtual.Options{Touch: s.touch.touch}); err != nil {
		t.Fatal(err)
	}
	for serial := range uint32(6) {
		s.must(s.drawer.Add(5417501+serial, virtual.Firmware574))
	}
	return s
}

// finger touches every token at once, or only when it is let.
type finger struct {
	mu   sync.Mutex
	held chan struct{} // nil: at once
}

func (f *finger) touch(ctx context.Context, _ string) bool {
	f.mu.Lock()
	held := f.held
	f.mu.Unlock()
	if held == nil {
		return true
	}
	select {
	case <-held:
		return true
	case <-ctx.Done():
		return false
	}
}

// hold makes tokens wait until the function that it returns is called.
func (f *finger) hold() (release func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held := make(chan struct{})
	f.held = held
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.held = nil
		close(held)
	}
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// ready is a site whose clock was confirmed.
func (s *site) ready(kind ceremony.Kind, name string) *ceremony.Ceremony {
	s.t.Helper()
	c := s.open()
	s.must(c.Begin(kind, name, true))
	s.must(c.Preflight(s.stick.Preflight(s.t.Context())))
	return c
}

// frozen is a site where all holders have tokens and nothing is signed yet.
func (s *site) frozen() *site {
	s.t.Helper()
	c := s.ready(ceremony.Founding, "Berlin")
	text, files, err := s.stick.ReadPlan(s.t.Context(), ui.File{})
	s.must(err)
	s.must(c.AcceptPlan(text, files))
	for _, holder := range holders {
		s.must(s.drawer.Insert(serialOf[holder]))
		tokens, err := s.drawer.Tokens(s.t.Context())
		s.must(err)
		_, err = c.Enrol(s.t.Context(), holder, tokens[0].(token.Enroller), secret(pins[holder]), secret("ACDEFGHJ"))
		s.must(err)
		s.must(s.drawer.Remove(serialOf[holder]))
	}
	s.must(c.Freeze())
	return s
}

func secret(s string) token.PIN { return token.NewPIN([]byte(s)) }

// open is a start of the program by people who have compared the clock.
func (s *site) open() *ceremony.Ceremony {
	s.t.Helper()
	c := s.read()
	s.must(c.ConfirmClock(s.now, "wall clock"))
	return c
}

func (s *site) clock() time.Time { return s.now }

// read reads the journal, as each start of the program does.
func (s *site) read() *ceremony.Ceremony {
	s.t.Helper()
	c, err := ceremony.Open(ceremony.Deps{
		Workspace: s.disk, Now: s.clock, Rand: s.random, Attestations: hsm.Checker{}, Tool: "conclave test", Built: s.built,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// talk is a start of the program.
func (s *site) talk(ctx context.Context, p page.Person) error {
	return ui.Run(ctx, s.config(p))
}

func (s *site) config(p page.Person) ui.Config {
	return ui.Config{
		Ceremony: s.read(), Reader: s.drawer, Machine: s.stick, Hand: hand{s.drawer}, Person: p,
		Now: s.clock, Rand: s.random, Rehearsal: true,
	}
}

// hand puts the drawer's tokens into its reader.
type hand struct{ *virtual.Drawer }

func (h hand) Tokens() []ui.VirtualToken {
	all, err := h.All()
	if err != nil {
		return nil
	}
	var tokens []ui.VirtualToken
	for _, info := range all {
		tokens = append(tokens, ui.VirtualToken{Serial: info.Serial, InReader: info.Reader != ""})
	}
	return tokens
}

// stick is a machine whose only drive carries a plan and other files, and
// takes bundles.
type stick struct {
	plan       string
	bundles    map[string]trust.Contents
	files      map[string]string // by name
	repository map[string][]byte // what others published
	fail       error             // of the next export
}

func newStick() *stick {
	return &stick{plan: planText, bundles: map[string]trust.Contents{}, files: map[string]string{}}
}

func (s *stick) Files(_ context.Context, in ui.Place, suffixes ...string) ([]ui.File, error) {
	var files []ui.File
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		if len(suffixes) == 0 || slices.ContainsFunc(suffixes, func(suffix string) bool { return strings.HasSuffix(name, suffix) }) {
			files = append(files, ui.File{Name: name, Path: in.Path + "/" + name, Size: int64(len(s.files[name]))})
		}
	}
	return files, nil
}

func (s *stick) Hash(_ context.Context, f ui.File) (metadata.Digest, int64, error) {
	return metadata.Sum([]byte(s.files[f.Name])), f.Size, nil
}

func (s *stick) Read(_ context.Context, f ui.File) ([]byte, error) {
	return []byte(s.files[f.Name]), nil
}

func (s *stick) Folders(_ context.Context, in ui.Place) ([]ui.File, error) {
	var dirs []ui.File
	for name := range s.files {
		if dir, _, below := strings.Cut(name, "/"); below && !slices.ContainsFunc(dirs, func(f ui.File) bool { return f.Name == dir }) {
			dirs = append(dirs, ui.File{Name: dir, Path: in.Path + "/" + dir, Folder: true})
		}
	}
	return dirs, nil
}

func (s *stick) Tree(_ context.Context, dir ui.File) ([]trust.NewTarget, error) {
	var list []trust.NewTarget
	for _, name := range slices.Sorted(maps.Keys(s.files)) {
		if path, below := strings.CutPrefix(name, dir.Name+"/"); below {
			list = append(list, trust.NewTarget{Path: path, SHA256: metadata.Sum([]byte(s.files[name])), Length: int64(len(s.files[name]))})
		}
	}
	return list, nil
}

func (s *stick) Images(context.Context, ui.File) ([]trust.NewTarget, error) {
	return nil, errors.New("it is no OCI image layout")
}

func (s *stick) Listing(_ context.Context, f ui.File) ([]trust.NewTarget, error) {
	return draft.ParseListing([]byte(s.files[f.Name]))
}

func (s *stick) Repository(context.Context, ui.Place) (*metadata.Found, error) {
	return metadata.FindIn(s.repository)
}

func (*stick) Preflight(context.Context) []token.Check {
	return []token.Check{
		{Name: "network", Pass: true, Reason: "no interface but loopback is up"},
		{Name: "sockets", Pass: true, Reason: "the kernel refuses sockets to this program"},
		{Name: "swap", Pass: false, Reason: "/dev/sda3 is in use as swap: what is in memory may be written to a disk"},
		{Name: "core dumps", Pass: true, Reason: "off"},
	}
}

func (*stick) Places(context.Context) ([]ui.Place, error) {
	return []ui.Place{{Name: "CEREMONY", Path: "/media/CEREMONY", Detail: "vfat, 14 GB free", Removable: true, Writable: true}}, nil
}

func (*stick) Plans(context.Context, ui.Place) ([]ui.File, error) {
	return []ui.File{{Name: "plan.yaml", Path: "/media/CEREMONY/plan.yaml", Size: 912}}, nil
}

func (s *stick) ReadPlan(context.Context, ui.File) ([]byte, map[string][]byte, error) {
	return []byte(s.plan), map[string][]byte{"online.pub": []byte(onlineKey)}, nil
}

func (s *stick) Bundles(context.Context, ui.Place) ([]ui.File, error) {
	var files []ui.File
	for path := range s.bundles {
		files = append(files, ui.File{Name: path[len("/media/CEREMONY/"):], Path: path, Size: 40960})
	}
	return files, nil
}

// Export stands for a bundle by the digest of what is proposed in it:
// signatures differ from run to run.
func (s *stick) Export(_ context.Context, to ui.Place, c trust.Contents) (ui.Written, error) {
	if err := s.fail; err != nil {
		s.fail = nil
		return ui.Written{}, err
	}
	d := digestOf(c)
	w := ui.Written{Path: fmt.Sprintf("%s/%s-all-%.8s.tar", to.Path, c.Trust, d), Digest: d, Size: 40960}
	s.bundles[w.Path] = c
	return w, nil
}

func (s *stick) ReadBundle(_ context.Context, f ui.File) (trust.Contents, metadata.Digest, error) {
	c, ok := s.bundles[f.Path]
	if !ok {
		return c, metadata.Digest{}, errors.New("the drive was taken out: nothing was read")
	}
	return c, digestOf(c), nil
}

func digestOf(c trust.Contents) metadata.Digest {
	var all []byte
	for _, p := range c.Proposals {
		all = append(all, p.Signed...)
	}
	return metadata.Sum(all)
}

const planText = `trust: rehearsal-wabbit
holders:
  - {name: Ada, serial: "5417501"}
  - {name: Bo, serial: "5417502"}
  - {name: Cy, serial: "5417503"}
  - {name: Di, serial: "5417504"}
  - {name: Eve, serial: "5417505"}
roles:
  root: {threshold: 3, holders: [Ada, Bo, Cy, Di, Eve], expires: 365d}
  targets: {threshold: 2, holders: [Ada, Bo, Cy], expires: 180d}
online: {snapshot: online.pub, timestamp: online.pub}
targets:
  - path: wabbit/app
    sha256: 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    length: 1234
    media-type: application/vnd.oci.image.manifest.v1+json
`

const onlineKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEcLN6wn1NRnP+z7zOShO7PJHOm/aB
p+j+8h27dYrj9mH0HNuHxdfCM+J7QY1LzB8c2XxdQTngJKHRW7HFt3wSuA==
-----END PUBLIC KEY-----
`

// other is a second machine; the same stick and the same tokens come to it.
func (s *site) other() *site {
	return &site{t: s.t, disk: &journal.Memory{}, drawer: s.drawer, touch: s.touch, stick: s.stick, random: s.random, now: noon}
}
