package ui

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/conclave-tuf/conclave/ceremony/token"
	"github.com/conclave-tuf/conclave/ui/page"
)

const pukHelp = "The paper with the PUK belongs into a safe. Who has it and the token can set a new PIN."

// NewPUK makes a PUK, shows it once, and has it typed from the paper that it
// was written on. The caller gets the only copy of it that is kept: what was
// typed is compared where it is, and wiped.
func (s Secrets) NewPUK(ctx context.Context, random io.Reader) (made PUK, err error) {
	puk, err := randomPUK(random)
	if err != nil {
		return PUK{}, err
	}
	defer func() {
		if err != nil {
			clear(puk)
		}
	}()
	for {
		show := s.page("Write this PUK on paper", s.facts(),
			page.Secret(puk),
			page.Para("The PUK unblocks the token after too many wrong PINs. It is shown only now, and kept nowhere. Only "+s.holder()+" should see it."),
			page.Para("It has no 0 or O, no 1, I or L, no 2 or Z, no 5 or S, no 8 or B."),
		).WithHelp(pukHelp)
		if err := s.Person.Tell(ctx, show); err != nil {
			return PUK{}, err
		}
		typed, err := s.Person.Secret(ctx, s.page("Type the PUK from the paper", s.facts(),
			page.Para("Capital letters, no spaces. Going back shows it again."),
		).WithHelp(pukHelp), page.Field{Label: "PUK", Judge: func(typed []byte) error {
			if !bytes.EqualFold(typed, puk) {
				return errors.New("that is not the PUK that was shown: compare the paper, or go back to see it again")
			}
			return nil
		}})
		switch {
		case errors.Is(err, page.ErrBack):
			continue
		case err != nil:
			return PUK{}, err
		}
		typed.Wipe()
		return PUK{token.NewPIN(puk)}, nil
	}
}

// PUKOfThen has the PUK typed that was written on paper when an enrolment of
// this token was interrupted. As with the PIN of then, the token may not know
// it yet. The last try needs a consent.
func (s Secrets) PUKOfThen(ctx context.Context) (PUK, error) {
	if err := s.beforePUK(ctx); err != nil {
		return PUK{}, err
	}
	puk, err := s.twice(ctx, "PUK",
		s.page("The PUK of the interrupted enrolment", s.facts(page.Fact{Label: "Tries left", Value: tries(s.Token.PUKTries)}),
			page.Para("Type the PUK from the paper that was written then: capital letters, no spaces. If the token was not changed before the interruption, it gets this PUK now."),
		).WithHelp(pukHelp, "A token that was in use before may have a PUK of its own."),
		s.page("Type the PUK once more", s.facts(),
			page.Para("So that the token gets the PUK that stands on the paper."),
		).WithHelp(pukHelp),
		page.Field{Label: "PUK", Judge: writtenPUK})
	return PUK{puk}, err
}

// beforePUK stops where the PUK is blocked, and asks before its last try.
func (s *Secrets) beforePUK(ctx context.Context) error {
	switch s.Token.PUKTries {
	case 0:
		return token.ErrPUKBlocked
	case 1:
		return s.risk(ctx, "One try of the PUK is left",
			"If the next PUK is wrong, the PUK is blocked as well. Only a reset makes the token usable then, and that destroys its key.",
			"If there is any doubt, go back: another holder can sign instead.",
			"Compare the serial number on the token with the one on the paper: each token has a PUK of its own.")
	}
	return nil
}

// writtenPUK refuses what can't stand on a paper, before the token is asked.
func writtenPUK(typed []byte) error {
	var format *token.PINFormatError
	if errors.As(token.CheckPIN(typed), &format) {
		return fmt.Errorf("this can't be a PUK: %s. No try was used", format.Why)
	}
	capitals := bytes.ToUpper(typed)
	defer clear(capitals)
	ours := len(capitals) == pukLength && len(bytes.Trim(capitals, pukLetters)) == 0
	if ours && !bytes.Equal(capitals, typed) {
		return errors.New("the letters of a PUK are capital letters: type it as it stands on the paper. No try was used")
	}
	return nil
}

// pukLetters has nothing that is read as something else.
const (
	pukLetters = "ACDEFGHJKMNPQRTUVWXY34679"
	pukLength  = 8
)

func randomPUK(random io.Reader) ([]byte, error) {
	puk := make([]byte, pukLength)
	for i := range puk {
		n, err := rand.Int(random, big.NewInt(int64(len(pukLetters))))
		if err != nil {
			return nil, fmt.Errorf("no randomness for a PUK: %w", err)
		}
		puk[i] = pukLetters[n.Int64()]
	}
	return puk, nil
}
