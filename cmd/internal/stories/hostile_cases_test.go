package stories

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/conclave-tuf/conclave/ceremony/metadata"
	rules "github.com/conclave-tuf/conclave/ceremony/trust"
)

// bundle is one that comes in. The digits are exit codes: at the site that
// founded the trust, at one that co-signs it, at one that knows nothing; look's of
// inspect, extract and status.
type bundle struct {
	name                    string
	contents                rules.Contents
	take, merge, push, look string
	says                    says
	after                   int // of extract, where the bundle was taken over: 1 people have to choose, 4 to sign
}

// says are what is said where the exit code is not 0.
type says struct {
	take, merge, push, look string
	later                   string // by a site that knows nothing, of our bundle merged with this one
}

// all are the same words, whichever way it comes in.
func all(words string) says { return says{words, words, words, words, ""} }

func hostile(w *world) []bundle {
	return slices.Concat(
		[]bundle{
			{"our own", w.good, "000", "000", "000", "000", says{}, 0},
			{"what is live", w.live, "000", "000", "001", "000", says{push: "nothing is live here"}, 0},
		},
		w.publishedByStrangers(), w.proposedByStrangers(), w.attested(), w.unsigned(), w.withJunk(), w.onNothing(),
	)
}

// publishedByStrangers: their trust has the same name.
func (w *world) publishedByStrangers() []bundle {
	x, ada := w.strangers(), w.holder("5417501")
	other := says{"BUNDLE-OTHER-ROOT", "does not follow from root", "does not chain from what is live|does not go on from the root that is pinned|nothing is live here", "", ""}
	over := func(published rules.Contents) rules.Contents {
		c := w.good
		c.Published = published.Published
		return c
	}
	live := w.live
	live.Published = append(slices.Clone(live.Published), rules.NamedFile{Name: "9.targets.json", Bytes: w.file(x.targets(9), x.by...)})
	// A site that knows nothing is asked to compare the words, which are others.
	return []bundle{
		{"root 5 alone", x.published(x.chain(5, 5)...), "110", "110", "111", "000", other, 0},
		{"from root 2", x.published(x.chain(2, 4)...), "110", "110", "111", "000", other, 0},
		{"from root 1", x.published(x.chain(1, 3)...), "110", "110", "111", "000", other, 0},
		{"root 1 alone", x.published(x.chain(1, 1)...), "110", "110", "111", "000", other, 0},
		{"root 2 alone", x.published(x.chain(2, 2)...), "110", "110", "111", "000", other, 0},
		{"root 3 alone", x.published(x.chain(3, 3)...), "110", "110", "111", "000", other, 0},
		{"root 3 on ours", x.published(append(w.ours(2), x.chain(3, 3)...)...), "111", "111", "111", "111", all("enough keys of old root 2: 0 of 2"), 0},
		{"root 3 on ours with one old key", x.published(append(w.ours(2), rootFile(3, w.file(x.root(3), append(slices.Clone(x.by), ada)...)))...),
			"111", "111", "111", "111", all("enough keys of old root 2: 1 of 2"), 0},
		{"root 2 on ours", x.published(append(w.ours(1), x.chain(2, 2)...)...), "111", "111", "111", "111", all("enough keys of old root 1: 0 of 2|does not follow from root 2"), 0},
		{"root 5 over our proposals", over(x.published(x.chain(5, 5)...)), "111", "111", "111", "111", all("does not follow from root|BUNDLE-OTHER-ROOT"), 0},
		{"from root 1 over our proposals", over(x.published(x.chain(1, 3)...)), "111", "111", "111", "111", all("does not follow from root|BUNDLE-OTHER-ROOT"), 0},
		{"targets 9 in what is live", live, "111", "111", "111", "111", all("enough keys of root 2: 0 of 2"), 0},
	}
}

// proposedByStrangers: what they propose is signed by them, or by one of ours.
func (w *world) proposedByStrangers() []bundle {
	x, ada := w.strangers(), w.holder("5417501")
	root1, root2 := w.payload("root", 1), w.payload("root", 2)
	founding := func(c rules.Contents) rules.Contents {
		return w.propose(w.propose(c, "root", metadata.Digest{}, x.root(1), x.by...), "targets", metadata.Digest{}, x.targets(1), x.by...)
	}
	withAda := append(slices.Clone(x.by), ada)
	other := says{"BUNDLE-OTHER-ROOT", "does not follow from root", "does not chain from what is live|does not go on from the root that is pinned|evil/app", "", ""}
	two := says{"BUNDLE-OTHER-ROOT", "does not follow from root", "different payloads of root 1", "different payloads of root 1|ignatures are due", ""}
	chosen := says{push: "different payloads of root 2", look: "different payloads of root 2|ignatures are due"}
	theirs := founding(rules.Contents{})
	return []bundle{
		{"their founding", theirs, "110", "110", "111", "000", other, 0},
		{"their founding beside ours", founding(w.good), "110", "110", "111", "114", two, 0},
		{"their root 1 beside ours unsigned", w.propose(w.good, "root", metadata.Digest{}, x.root(1)), "110", "111", "111", "114", two, 0},
		{"their root 2 beside ours", w.propose(w.good, "root", root1, x.root(2), withAda...), "000", "000", "111", "114", chosen, 1},
		{"their root 2 beside ours unsigned", w.propose(w.good, "root", root1, x.root(2)), "000", "000", "111", "114", chosen, 1},
		{"their root 3 with one old key", w.propose(w.good, "root", root2, x.root(3), withAda...), "000", "000", "444", "444",
			says{push: "is not complete", look: "is not complete|ignatures are due"}, 4},
	}
}

// attested: what is said to attest Ada's key, alone or beside what does.
func (w *world) attested() []bundle {
	good, other := w.good.Attestations[0], w.good.Attestations[1].PEM
	with := func(keyid string, text []byte, beside bool) rules.Contents {
		c := w.good
		c.Attestations = slices.Clone(c.Attestations)
		if !beside {
			c.Attestations = c.Attestations[1:]
		}
		c.Attestations = append(c.Attestations, rules.KeyAttestation{KeyID: keyid, PEM: text})
		return c
	}
	key, _ := w.key()
	var list []bundle
	for name, text := range map[string][]byte{"one bit flipped": w.flipped(good.PEM), "a forged CA": w.forged(good.PEM), "null": []byte("null"), "of another key": other} {
		words := all("ttestation of key " + good.KeyID[:8])
		list = append(list,
			bundle{"attestation " + name, with(good.KeyID, text, false), "001", "001", "000", "100", words, 0},
			bundle{"attestation " + name + " beside", with(good.KeyID, text, true), "001", "000", "000", "100", words, 0},
		)
	}
	alone := rules.Contents{Trust: trust, Attestations: []rules.KeyAttestation{{KeyID: good.KeyID, PEM: w.forged(good.PEM)}}}
	return append(list,
		bundle{"attestation of a key of nobody", with(key.ID(), other, true), "111", "111", "000", "100", all("it attests another key"), 0},
		bundle{"attestation forged and nothing else", alone, "001", "001", "111", "110", all("ttestation of key|no root that has all its signatures"), 0},
	)
}

// unsigned: what lacks signatures, or has expired.
func (w *world) unsigned() []bundle {
	head := w.live
	head.Published = slices.Clone(head.Published)
	for i, f := range head.Published {
		if f.Name == "2.root.json" {
			file, err := metadata.ParseFile(f.Bytes, metadata.Strict)
			w.must(err)
			head.Published[i].Bytes = metadata.Assemble(file.Signed.Bytes, nil)
		}
	}
	founding := w.good
	founding.Signatures = nil
	old := w.strangers()
	old.expires = time.Now().Add(-24 * time.Hour)
	return []bundle{
		{"root 2 of what is live unsigned", head, "111", "111", "111", "111",
			says{take: "0 of 2", merge: "0 of 2|two versions of one number", push: "0 of 2", look: "0 of 2"}, 0},
		{"our own unsigned", founding, "000", "000", "444", "444", says{push: "is not complete", look: "is not complete|ignatures are due"}, 0},
		{"expired", old.published(old.chain(1, 2)...), "110", "110", "111", "101",
			says{"BUNDLE-OTHER-ROOT", "does not follow from root", "does not chain from|the root that is pinned|nothing is live here", "xpired", ""}, 0},
	}
}

// withJunk: signatures and journals that are none.
func (w *world) withJunk() []bundle {
	root1 := w.payload("root", 1)
	signed := func(change func(s []rules.ProposalSignature) []rules.ProposalSignature) rules.Contents {
		c := w.good
		c.Signatures = change(slices.Clone(c.Signatures))
		return c
	}
	told := func(change func(lines [][]byte) [][]byte) rules.Contents {
		c := w.good
		c.Journals = slices.Clone(c.Journals)
		c.Journals[0].Lines = bytes.Join(change(bytes.SplitAfter(bytes.Clone(c.Journals[0].Lines), []byte("\n"))), nil)
		return c
	}
	junk := func(s rules.ProposalSignature, end string) rules.ProposalSignature {
		s.Sig = s.Sig[:len(s.Sig)-len(end)] + end
		return s
	}
	_, stranger := w.key()
	bad, journal := says{take: "does not verify"}, says{take: "ournal", look: "ournal"}
	return []bundle{
		{"65 junk signatures", signed(func(s []rules.ProposalSignature) []rules.ProposalSignature {
			for i := range 65 {
				s = append(s, junk(s[0], fmt.Sprintf("%08x", i)))
			}
			return s
		}), "111", "000", "000", "000", bad, 0},
		{"junk instead of a signature", signed(func(s []rules.ProposalSignature) []rules.ProposalSignature {
			s[slices.IndexFunc(s, func(s rules.ProposalSignature) bool { return s.Proposal == root1 })].Sig = "00"
			return s
		}), "111", "000", "444", "444", says{take: "does not verify", push: "is not complete", look: "is not complete|ignatures are due"}, 0},
		{"a stranger signs root 1", signed(func(s []rules.ProposalSignature) []rules.ProposalSignature {
			return append(s, rules.ProposalSignature{Proposal: root1, Signature: stranger(w.signedBytes(root1))})
		}), "111", "000", "000", "000", says{take: "may not sign this role"}, 0},
		{"Ada signs root 1 twice", signed(func(s []rules.ProposalSignature) []rules.ProposalSignature {
			return append(s, rules.ProposalSignature{Proposal: root1, Signature: w.holder("5417501")(w.signedBytes(root1))})
		}), "000", "000", "000", "000", says{}, 0},
		{"a journal with rubbish behind it", told(func(l [][]byte) [][]byte { return append(l, []byte("rubbish\n")) }), "111", "000", "000", "100", journal, 0},
		{"a journal with lines swapped", told(func(l [][]byte) [][]byte {
			l[2], l[3] = l[3], l[2]
			return l
		}), "111", "000", "000", "100", journal, 0},
		{"a journal without its end", told(func(l [][]byte) [][]byte { return l[:3] }), "000", "000", "000", "000", says{}, 0},
	}
}

// onNothing: proposals that build on nothing, and those between which people choose.
func (w *world) onNothing() []bundle {
	x, y := w.strangers(), w.strangers()
	nothing, targets1 := metadata.Sum([]byte("nothing")), w.payload("targets", 1)
	alone := w.propose(rules.Contents{}, "targets", nothing, x.targets(99))
	foreign := says{take: "may not sign this role", later: "may not sign this role"}
	chosen := says{push: "different payloads of targets 1", look: "different payloads of targets 1|ignatures are due"}
	return []bundle{
		{"targets 99", w.propose(w.good, "targets", nothing, x.targets(99)), "000", "000", "000", "000", says{}, 0},
		{"targets 99 without a base", w.propose(w.good, "targets", metadata.Digest{}, x.targets(99)), "000", "000", "000", "000", says{}, 0},
		{"targets 99 alone", alone, "001", "000", "111", "111",
			says{take: "nothing here says who may sign it", push: "no root that has all its signatures", look: "no root that has all its signatures|does not verify"}, 0},
		{"targets 99 signed by strangers", w.propose(w.good, "targets", nothing, x.targets(99), x.by...), "111", "000", "000", "000", foreign, 0},
		{"targets 2 on another role", w.propose(w.good, "targets", w.payload("root", 1), x.targets(2)), "000", "000", "000", "000", says{}, 0},
		{"root 99", w.propose(w.good, "root", nothing, x.root(99)), "000", "000", "000", "000", says{}, 0},
		{"root 99 and 100 signed by strangers", w.propose(w.propose(w.good, "root", nothing, x.root(99), x.by...), "root", nothing, x.root(100), x.by...),
			"111", "000", "000", "000", foreign, 0},
		{"a role that nobody delegates to", w.propose(w.good, "team", metadata.Digest{}, x.targets(1)), "111", "000", "000", "000",
			says{take: "nothing here says who may sign it", later: "nothing here says who may sign it"}, 0},
		{"targets 1 beside ours unsigned", w.propose(w.good, "targets", metadata.Digest{}, x.targets(1)), "000", "000", "111", "114", chosen, 1},
		{"two targets 2", w.propose(w.propose(w.good, "targets", targets1, x.targets(2)), "targets", targets1, y.targets(2)), "000", "000", "444", "444",
			says{push: "is not complete", look: "is not complete|ignatures are due"}, 4},
	}
}
