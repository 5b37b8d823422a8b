package offline

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/conclave-tuf/conclave/ceremony/text"
	"github.com/conclave-tuf/conclave/ceremony/token"
)

// Preflight is what is checked about a machine before a ceremony. Nothing is
// changed by it, and no check that fails stops anything: people decide.
type Preflight struct {
	Machine Machine
	Reader  token.Reader // nil: tokens are not looked for
	Medium  string       // the directory that bundles are written to; "" not chosen yet
	Tool    string       // path of this program; "" not known
}

// Run gives every check with its outcome, in a fixed order.
func (p Preflight) Run(ctx context.Context) []token.Check {
	checks := append([]token.Check{p.Machine.network()}, tryWalls().checks()...)
	if p.Reader != nil {
		checks = append(checks, p.readers(ctx))
	}
	if p.Medium != "" {
		checks = append(checks, p.Machine.medium(p.Medium))
	}
	checks = append(checks, p.Machine.swap(), p.Machine.memoryLock(), coreDumpCheck(coreDumps()))
	if p.Tool != "" {
		checks = append(checks, p.tool())
	}
	return checks
}

func pass(name, format string, args ...any) token.Check {
	return token.Check{Name: name, Pass: true, Reason: fmt.Sprintf(format, args...)}
}

func fail(name, format string, args ...any) token.Check {
	return token.Check{Name: name, Reason: fmt.Sprintf(format, args...)}
}

// unknown is a check that this system can't answer. It does not pass.
func unknown(name string, err error) token.Check {
	return fail(name, "This could not be checked: %s.", text.Safe(err.Error()))
}

func (p Preflight) readers(ctx context.Context) token.Check {
	tokens, err := p.Reader.Tokens(ctx)
	switch {
	case err != nil:
		return fail("readers", "Tokens can't be reached: %s.", text.Safe(err.Error()))
	case len(tokens) == 0:
		return pass("readers", "The card service answers. No token is in a reader yet.")
	case len(tokens) == 1:
		return pass("readers", "The card service answers. One token is in a reader.")
	}
	return pass("readers", "The card service answers. %d tokens are in readers.", len(tokens))
}

// needed is how much a medium should have free: bundles are seldom longer.
const needed = 16 << 20

func (m Machine) medium(dir string) token.Check {
	places, err := m.Places(dir)
	if err != nil {
		return unknown("medium", err)
	}
	p := places[len(places)-1]
	where := text.Safe(p.Path)
	switch {
	case p.ReadOnly:
		return fail("medium", "%s is mounted read-only. Nothing can be written to it.", where)
	case p.Free >= 0 && p.Free < needed:
		return fail("medium", "%s has %d bytes free. That is too little for a bundle.", where, p.Free)
	}
	return pass("medium", "%s can be written to.", where)
}

func (p Preflight) tool() token.Check {
	f, err := os.Open(p.Tool)
	if err != nil {
		return unknown("tool", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return unknown("tool", err)
	}
	return pass("tool", "The SHA-256 of this program is %s. Compare it with the one that was published.", fours(h.Sum(nil)))
}

// fours writes hex in groups of four, which people can compare.
func fours(sum []byte) string {
	var b strings.Builder
	for i := 0; i < len(sum); i += 2 {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%x", sum[i:i+2])
	}
	return b.String()
}

// coreDumpCheck: the limit alone is not enough, because the kernel does not
// look at it where a program takes the dumps.
func coreDumpCheck(allowed bool, err error) token.Check {
	switch {
	case err != nil:
		return unknown("core dumps", err)
	case allowed:
		return fail("core dumps", "A crash of this program could leave its memory in a file.")
	}
	return pass("core dumps", "A crash leaves nothing of this program's memory behind.")
}
