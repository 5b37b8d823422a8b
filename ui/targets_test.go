package ui_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/conclave-tuf/conclave/ceremony/draft"
	"github.com/conclave-tuf/conclave/ceremony/metadata"
	"github.com/conclave-tuf/conclave/ui/page"
)

const imageDescriptor = `{"mediaType":"application/vnd.oci.image.index.v1+json","size":1609,` +
	`"digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","annotations":{"a":"b"}}`

// changes goes from a complete site to the page that asks for the topic of an edit.
func (s *site) changes() *player {
	s.t.Helper()
	p := plays(s.t, s.talk)
	p.comesBack()
	p.takes("Change this trust")
	return p
}

// edit is the newest edit of the draft.
func (s *site) edit() draft.Edit {
	s.t.Helper()
	d, err := s.read().Preview()
	s.must(err)
	if len(d.Edits) == 0 {
		s.t.Fatal("there is no draft")
	}
	return d.Edits[len(d.Edits)-1]
}

func TestTargetsAreAddedAndTakenOut(t *testing.T) {
	s := newSite(t).complete()
	s.stick.files["tool.tgz"] = "the tool"
	s.stick.files["app.json"] = imageDescriptor
	s.stick.files["junk.json"] = `{"digest":"sha256:00"}`
	p := s.changes()

	p.takes("Targets", "== What is to change?")
	p.takes("Put a file in", "== Which change of targets?")
	p.takes("CEREMONY", "== Where is the file?")
	p.takes("tool.tgz", "== Which file?")
	p.sees("== Reading the file", "== Under which path?", "/media/CEREMONY/tool.tgz", "8 bytes")
	p.answers("/wabbit/../tool")
	p.sees("! The path begins with a slash")
	p.answers("wabbit/tool")
	p.takes("Change something more", "== What the draft comes to", "wabbit/tool is put into targets", "What targets 2 does")
	want := draft.AddTarget{Role: "targets", Path: "wabbit/tool", SHA256: metadata.Sum([]byte("the tool")), Length: 8}
	if got := s.edit(); got != want {
		t.Errorf("the file: %+v", got)
	}

	p.takes("Targets")
	p.takes("Put an image in (from its OCI descriptor)")
	p.takes("CEREMONY")
	p.takes("junk.json", "== Which descriptor?")
	p.takes("Put an image in (from its OCI descriptor)", "FILE-UNUSABLE", "The file junk.json: digest: not a SHA-256 digest")
	p.takes("CEREMONY")
	p.takes("app.json")
	p.sees("== Under which path?", "application/vnd.oci.image.index.v1+json", "1609 bytes")
	p.answers("wabbit/app")
	p.takes("Change something more", "target wabbit/app", "1234 bytes", "1609 bytes")

	p.takes("Targets")
	p.takes("Put an image in by its digest")
	p.sees("== Which digest has the image?")
	p.answers("sha256:1234")
	p.sees("! Not a SHA-256 digest")
	p.answers("sha256:" + metadata.Sum([]byte("image")).String())
	p.sees("== How long is the manifest?")
	p.answers("-3")
	p.sees("! That is not a whole number from 1 on.")
	p.answers("705")
	p.takes("An OCI image manifest", "== What is it?")
	p.sees("== Under which path?", "705 bytes")
	p.answers("wabbit/image")
	p.takes("Change something more", "== What the draft comes to", "wabbit/image")
	want = draft.AddTarget{Role: "targets", Path: "wabbit/image", SHA256: metadata.Sum([]byte("image")), Length: 705,
		MediaType: "application/vnd.oci.image.manifest.v1+json"}
	if got := s.edit(); got != want {
		t.Errorf("the image: %+v", got)
	}

	p.takes("Targets")
	p.takes("Take a target out")
	p.takes("wabbit/app", "== Which target of targets goes?", "wabbit/image", "wabbit/tool")
	p.takes("That is all", "wabbit/app is taken out of targets", "next: freeze it, then sign")
	p.takes("Freeze what is to change", "== Who acts now?")
	p.sees("== Freeze targets 2", "wabbit/app", "removed")
	p.answers("freeze targets 2")
	p.sees("== Who acts now?", "Ada, Bo or Cy signs targets 2")
}

// A long list of targets is searched by a part of the path.
func TestLongListIsSearched(t *testing.T) {
	s := newSite(t)
	s.stick.plan = manyTargets(300)
	s.complete()
	p := s.changes()
	p.takes("Targets")
	p.takes("Take a target out")
	p.sees("== Which target of targets goes?", "301 targets")
	p.answers("nowhere")
	p.sees("! There is no target with that in its name.")
	p.answers("wabbit/")
	p.sees("! 301 targets have that in their names: type more of it.")
	p.answers("Number-12")
	found := p.sees("== Which target of targets goes?", "Searched for   Number-12")
	if n := strings.Count(found, "wabbit/number-12"); n != 11 {
		t.Errorf("%d of 11 targets are listed", n)
	}
	p.answers("b")
	p.sees("A part of its name")
	p.answers("number-123")
	p.takes("wabbit/number-123")
	p.sees("== What the draft comes to", "wabbit/number-123 is taken out of targets", "removed")
}

func manyTargets(n int) string {
	var b strings.Builder
	b.WriteString(planText)
	for i := range n {
		fmt.Fprintf(&b, "  - {path: wabbit/number-%d, sha256: %s, length: 1}\n", i, metadata.Sum([]byte(fmt.Sprint(i))))
	}
	return b.String()
}

// Targets, paths and delegations of a role that is only in the draft can be
// changed in the same draft.
func TestDelegationsInPlainLines(t *testing.T) {
	s := newSite(t).complete()
	p := s.changes()
	p.takes("Delegations")
	p.takes("Delegate paths", "nothing")
	p.sees("== What is the role called?")
	p.answers("team")
	p.sees("== Which paths may team speak for?")
	p.answers("team/* other/*")
	p.takes("Yes, it ends here", "== Does the search end at team?")
	p.takes("Eve", "== Who signs team?", "nothing yet")
	p.takes("Di", "Chosen        Eve")
	p.takes("Eve", "Chosen        Di, Eve")
	p.takes("That is all", "Chosen        Di")
	p.sees("== How many must sign team?")
	p.answers("1")
	p.takes("Change something more", "signed by 1 of Di", "What team 1 does")
	if e, ok := s.edit().(draft.Delegate); !ok || !e.Terminating || !slices.Equal(e.Holders, []string{"Di"}) || len(e.Paths) != 2 {
		t.Errorf("delegated: %+v", e)
	}
	p.takes("Delegations")
	p.takes("Change what is delegated", "team/* other/*")
	p.takes("team", "== Whose paths change?")
	p.sees("== Which paths may team speak for?", "Now")
	p.answers("team/*")
	p.takes("Change something more", "team is about team/*")
	p.takes("Targets")
	p.takes("Put an image in by its digest")
	p.takes("team", "== Which role's targets?", "targets (1 target)", "team (0 targets)")
	p.sees("== Which digest has the image?")
	p.answers("b")
	p.sees("== Which role's targets?")
	p.answers("b")
	p.sees("== Which change of targets?")
	p.answers("b")
	p.sees("== What is to change?")
	p.answers("delegations")
	p.takes("Take a delegation away")
	p.takes("team", "== Which delegation is taken away?", "Clients refuse a snapshot that drops a role")
	p.sees("nothing is delegated to team any more")
}

func TestThresholdAndOnlineKeys(t *testing.T) {
	s := newSite(t).complete()
	s.stick.files["new.pem"] = otherOnlineKey
	p := s.changes()
	p.takes("How many must sign")
	p.takes("root", "== Which role's threshold?")
	p.sees("== How many must sign root?", "3 of Ada, Bo, Cy, Di, Eve")
	p.answers("0")
	p.sees("! That is not a whole number from 1 to 99.")
	p.answers("5")
	p.takes("Change something more", "Every root key is needed to change the root", "3 of 5 → 5 of 5")
	p.takes("Keys of snapshot and timestamp")
	p.takes("Snapshot only", "== Which online key is changed?")
	p.takes("CEREMONY", "== Where is the public key?")
	p.takes("new.pem", "== Which public key?")
	p.takes("Use this key")
	p.takes("That is all", "snapshot is signed with the online key")
	p.takes("Go on with the draft")
	p.sees("== What the draft comes to")
	p.answers("b")
	p.sees("== Who acts now?")
}

// A descriptor that lacks something is refused, and nothing is drafted.
func TestDescriptorsThatAreRefused(t *testing.T) {
	s := newSite(t).complete()
	for name, text := range map[string]string{
		"not json": "x", "a list": "[]", "no size": `{"mediaType":"a","digest":"sha256:` + strings.Repeat("0", 64) + `"}`,
		"no type": `{"size":1,"digest":"sha256:` + strings.Repeat("0", 64) + `"}`, "other hash": `{"size":1,"mediaType":"a","digest":"sha512:00"}`,
		"a fraction": `{"size":1.5,"mediaType":"a","digest":"sha256:` + strings.Repeat("0", 64) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			s.stick.files = map[string]string{"x.json": text}
			p := s.changes()
			p.takes("Targets")
			p.takes("Put an image in (from its OCI descriptor)")
			p.takes("CEREMONY")
			p.takes("x.json")
			p.sees("== Which change of targets?", "FILE-UNUSABLE")
			p.answers("q")
			p.sees("Leave?")
			p.answers("leave")
			if err := p.ends(); err != page.ErrQuit {
				t.Error(err)
			}
		})
	}
}

// Files that a hasty reader takes for each other are named where one is chosen.
func TestLookAlikesAmongFiles(t *testing.T) {
	s := newSite(t).complete()
	s.stick.files["tool.tgz"] = "the tool"
	s.stick.files["t\u043eol.tgz"] = "another one"
	p := s.changes()
	p.takes("Targets", "== What is to change?")
	p.takes("Put a file in", "== Which change of targets?")
	p.takes("CEREMONY", "== Where is the file?")
	p.sees("== Which file?", "looks like", "o, not U+043E")
}
